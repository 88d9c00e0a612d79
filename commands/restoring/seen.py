"""What was looked at before a restore is planned; each answer that is missing says why."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from commands.command import Misunderstood
from commands.restoring.rates import Rates, measured_rates
from commands.restoring.words import Wanted, Way
from commands.world import World
from servers.backups.archive import ArchiveState, parse_segment_name, segment_start
from servers.backups.instances import HostForInstance, directory_for
from servers.backups.live_facts import LiveFacts
from servers.backups.serving import NotServed, Serving, serve
from servers.backups.target import LATEST, Target, TargetKind
from servers.backups.window import RestoreWindow, restore_window
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import DirectoryFacts
from servers.engines.upkeep import InUse
from servers.inventory import Cluster, Server
from servers.lsn import format_lsn
from servers.state import BackupState, BaseBackup, ClusterState, Role, SqlFacts
from servers.verdict import judge

T = TypeVar("T")

_IN_PLACE = (Way.IN_PLACE, Way.STANDBY)
VERIFIED_WITHIN = timedelta(days=8)  # verified weekly, and a day late


@dataclass(frozen=True, slots=True)
class Seen:
    """`host` is where the instance is made; `primary` takes writes now, None where nobody is seen to.

    `problems` has, by name, why an answer is None. `undecryptable` says why the backup cannot be decrypted there.
    """

    cluster: Cluster
    state: ClusterState
    wanted: Wanted
    target: Target
    host: Server
    primary: Server | None
    backups: BackupState
    window: RestoreWindow
    archive: ArchiveState
    serving: Serving
    room: HostForInstance | None
    live: LiveFacts | None
    undecryptable: str | None
    rates: Rates
    problems: dict[str, str]
    directory: DirectoryFacts | None = None
    in_use: InUse | None = None
    archives_first: bool = False  # the target may lie in what the primary has written and not archived

    @property
    def version(self) -> int | None:
        """The major version of the servers, as one of them says."""
        return next((one.sql.version_number // 10000 for one in self.state.servers if one.sql), None)

    @property
    def running(self) -> bool:
        """PostgreSQL runs on the host that is to be restored, by whatever tells."""
        return self.state.server(self.host.name).sql is not None or bool(self.directory and self.directory.running)

    @property
    def size(self) -> int:
        """Bytes that the base backup takes once it is laid out: what is there now, where that is known to be more."""
        chain = sum(one.size for one in self.serving.chain)
        return max(chain, self.live.size if self.live else 0)

    @property
    def wal_bytes(self) -> int:
        return self.serving.segment_count * self.archive.segment_size


Choose = Callable[[RestoreWindow], str | None]


async def see(
    world: World,
    cluster: Cluster,
    state: ClusterState,
    named: str | None,
    wanted: Wanted,
    target: Target,
    choose: Choose = lambda window: None,
    *,
    of_archive_alone: bool = False,
) -> Seen:
    """Asks everything at once, once it is known what is to be restored. Raises Misunderstood where nothing can be.

    `choose` names the backup; None: the newest that serves. What a primary that is seen has written and not archived
    counts as possible too, and is archived first, unless the restore is `of_archive_alone`."""
    backups, window, archive = await look_at_backups(world, cluster)
    serving, archives_first = serve(window, target, choose(window)), False
    primary = next((cluster.server(one.name) for one in state.servers if one.role is Role.PRIMARY), None)
    if primary is not None and not of_archive_alone and not ends_at_a_gap(window, archive):
        sql = state.server(primary.name).sql
        archives_first = archive_is_whole(archive, sql) and lies_in_the_newest(serving, target, sql, world.now())
    if archives_first and isinstance(serving, NotServed):
        serving = serve(window, LATEST, choose(window))
    if isinstance(serving, NotServed):
        raise Misunderstood(refusal(serving, primary))
    host = _host(cluster, state, named, wanted, primary)
    source = primary or next((cluster.server(one.name) for one in state.servers if one.sql), None)
    problems: dict[str, str] = {}
    in_place = wanted.way in _IN_PLACE
    live, undecryptable, rates, directory, in_use = await asyncio.gather(
        _answer("live", world.instances.live(source), problems) if source else _nothing(),
        _answer("decrypts", _decrypts(world, cluster, host, serving), problems),
        measured_rates(world, cluster),
        _answer("directory", world.engine.directory(host), problems) if in_place else _nothing(),
        _answer("in_use", world.engine.in_use(host), problems) if in_place else _nothing(),
    )
    libraries = live.libraries if live is not None else ()
    room = await _answer("host", world.instances.host(host, directory_for(host, "look"), libraries), problems)
    return Seen(
        cluster, state, wanted, target, host, primary, backups, window, archive, serving,
        room, live, undecryptable, rates, problems, directory, in_use, archives_first,
    )  # fmt: skip


def ends_at_a_gap(window: RestoreWindow, archive: ArchiveState) -> bool:
    """Whether the archive goes on after all that can be restored: what comes into it is then of no use. Pure."""
    newest = max((run.last for run in archive.segments if run.timeline == window.timeline), default=None)
    furthest = max((reach.until_lsn for reach in window.reaches), default=None)
    if newest is None or furthest is None:
        return True
    return segment_start(newest + 1, archive.segment_size) > furthest


def archive_is_whole(archive: ArchiveState, primary: SqlFacts | None) -> bool:
    """Whether the archive has what the primary says it archived last: what is lost is not archived again. Pure."""
    last = primary.archiver.last_archived_wal if primary is not None and primary.archiver is not None else None
    try:
        return last is None or archive.has(*parse_segment_name(last, archive.segment_size))
    except ValueError:  # a history file's name
        return True


def lies_in_the_newest(serving: Serving | NotServed, target: Target, primary: SqlFacts | None, now: datetime) -> bool:
    """Whether the target lies, or may lie, in WAL that the primary has not archived yet. Pure."""
    if primary is None or primary.archiver is None or primary.archiver.mode == "off":
        return False
    match target.kind:
        case TargetKind.LATEST | TargetKind.NAME | TargetKind.XID:
            return isinstance(serving, Serving)
        case TargetKind.TIME if isinstance(serving, NotServed):
            return serving.ends_before and target.at is not None and target.at <= now
        case TargetKind.LSN if isinstance(serving, NotServed):
            here = primary.wal_lsn
            return serving.ends_before and None not in (target.lsn, here) and (target.lsn or 0) <= (here or 0)
    return False


def sizes_will_do(chain: Sequence[BaseBackup], how: str, now: datetime) -> bool:
    """Whether a copy with the right names and sizes will do, because the backup was read as a whole lately, and nothing
    is put in anybody's place."""
    lately = all(one.verified_at is not None and now - one.verified_at <= VERIFIED_WITHIN for one in chain)
    return lately and how in (Way.BESIDE, Way.TABLES)


async def look_at_backups(world: World, cluster: Cluster) -> tuple[BackupState, RestoreWindow, ArchiveState]:
    """What there is, and to which moments one can restore. Raises Misunderstood where that is not known."""
    if cluster.backups is None:
        raise Misunderstood(f"The settings name no backups for {cluster.name}: add [clusters.{cluster.name}.backups].")
    tool = world.backup_tool(cluster)
    backups, archive = await asyncio.gather(tool.list(cluster), tool.archive(cluster))
    if not backups.answer.ok:
        raise Misunderstood(
            f"The backups of {cluster.name} could not be listed: {backups.answer.how}. Try each way: understudy check"
        )
    return backups, restore_window(backups, archive), archive


def refusal(served: NotServed, primary: Server | None) -> str:
    """Why a moment is not possible, and the nearest ones that are."""
    nearest = [
        f"{word} {moment.at:%Y-%m-%dT%H:%M:%SZ}" if moment.at else f"{word} LSN {format_lsn(moment.lsn)}"
        for word, moment in (("before it", served.before), ("after it", served.after))
        if moment is not None
    ]
    hint = f" The nearest possible moments: {', '.join(nearest)}." if nearest else ""
    return f"{served.why[:1].upper()}{served.why[1:]}.{hint} What there is: /ha restore"


def _host(cluster: Cluster, state: ClusterState, named: str | None, wanted: Wanted, primary: Server | None) -> Server:
    """Where the instance is made. Raises Misunderstood."""
    if wanted.way in (Way.TABLES, Way.IN_PLACE):
        if primary is None and named is None:
            raise Misunderstood(f"No server of {cluster.name} takes writes. Name the one to restore: restore SERVER …")
        if wanted.way is Way.TABLES and primary is None:
            raise Misunderstood(f"No server of {cluster.name} takes writes: there is none to copy tables into.")
        if primary is not None:
            if named not in (None, primary.name):
                raise Misunderstood(f"{primary.name} is the primary of {cluster.name}, and the one to restore.")
            return primary
    if wanted.way is Way.STANDBY and primary is not None and named == primary.name:
        raise Misunderstood(f"{named} is the primary of {cluster.name}, and no standby. In its place: --in-place")
    if named is not None:
        return cluster.server(named)
    return cluster.server(default_host(cluster, state))


def default_host(cluster: Cluster, state: ClusterState) -> str:
    """A standby's host, whose primary notices nothing; else one that answers."""
    standbys = judge(cluster, state).standbys
    down = [one.name for one in state.servers if one.role is Role.UNKNOWN and one.ssh_answer.ok]
    return next(iter((*standbys, *down, cluster.servers[0].name)))


async def _decrypts(world: World, cluster: Cluster, host: Server, serving: Serving) -> str | None:
    tool = world.backup_tool(cluster)
    for one in serving.chain:
        why = await tool.decrypts(cluster, host, one.name)
        if why is not None:
            return f"{one.name}: {why}"
    return None


async def _answer(name: str, asked: Awaitable[T], problems: dict[str, str]) -> T | None:
    try:
        return await asked
    except ActionFailed as failed:
        problems[name] = str(failed)
        return None


async def _nothing() -> None:
    return None
