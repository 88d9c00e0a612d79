"""A recovered instance on a host: a base backup that was laid out in a directory of its own, recovered to a target.

It stands beside whatever runs there: own port, own socket, own configuration, archiving off, nobody to follow. It is
started as a standby that has no primary, so that it can never take writes by itself, and that replays what the
archive has up to the target and pauses there; where the WAL ends before the target (nobody wrote anything since), it
waits at the end, and has everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from servers.backups import instance_scripts, live_facts
from servers.backups.live_facts import LiveFacts
from servers.backups.proof import Proof, proof_of
from servers.backups.proving_script import PROVE, PROVE_SQL
from servers.backups.recovery import recovery_settings
from servers.backups.table_scripts import SEEN, SEEN_SQL, TABLES
from servers.backups.target import Target
from servers.drilling import RowLimit
from servers.engines.engine import ActionFailed
from servers.engines.job_answer import taken_apart
from servers.engines.jobs import LOOKS_PER_SECOND, Jobs
from servers.engines.rejoining import JobReport
from servers.engines.standby_settings import quoted
from servers.errors import ServerUnreachable
from servers.inventory import Server, ServiceKind
from servers.lsn import Lsn, parse_lsn
from servers.readiness import LIMITS
from servers.sections import Sections
from servers.service import programs
from servers.ssh import Shells

T = TypeVar("T")

TABLES_JOB, VERIFY_JOB = "tables", "compare"
_SEGMENT_NAME = 24  # hexadecimal digits

# What has to be loaded at the start for the data to be read at all: WAL of their own, or tables that refuse otherwise.
# Everything else stays out: schedulers (pg_cron) and replication would act.
NEEDED_LIBRARIES = frozenset({"citus_columnar", "orioledb", "pg_search", "pg_tde", "timescaledb", "vchord"})

SMALL: dict[str, str] = {
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "huge_pages": "off",
    "dynamic_shared_memory_type": "mmap",  # in its directory: a container's /dev/shm is small
}
ALONE: dict[str, str] = {
    "listen_addresses": "127.0.0.1",
    "hba_file": "instance.hba",
    "ssl": "off",
    "archive_mode": "off",
    "primary_conninfo": "",
    "primary_slot_name": "",
    "max_logical_replication_workers": "0",
    "default_transaction_read_only": "on",
}
RECOVERING: dict[str, str] = {
    "hot_standby": "on",
    "recovery_target_timeline": "latest",
    "wal_retrieve_retry_interval": "1s",
    "update_process_title": "on",
    "logging_collector": "off",  # pg_ctl's -l has the log
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",  # its log is read
}

# All in one row. The transaction's time is the server's that wrote it.
STATE_SQL = """
SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
       extract(epoch FROM pg_last_xact_replay_timestamp()), (SELECT timeline_id FROM pg_control_checkpoint())
"""
_PAUSE = "SELECT pg_wal_replay_pause()"


@dataclass(frozen=True, slots=True)
class Place:
    """An instance's directory on a server's host, and the key by which it is known. `operation` is the order's id."""

    server: Server
    directory: str
    key: str
    operation: str


@dataclass(frozen=True, slots=True)
class InstanceWanted:
    """How it is to be recovered. `floors`: settings that may not be smaller than on the primary, by name.

    `preload` is the primary's shared_preload_libraries; only what the data need of it is loaded.
    """

    target: Target
    restore_command: str
    timeline: int | None = None  # None: the latest
    floors: tuple[tuple[str, int], ...] = ()
    preload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceState:
    """How an instance stands. `waits_for` and `reads` are the names of the segments that recovery is at, or ''.

    `stopped_at` is the log's line where the target was reached. `replayed_at`: the time of the last transaction that
    was replayed. `laid_out` is whether its base backup is there as a whole.
    """

    there: bool
    key: str
    running: bool
    port: int | None
    sockets: str
    reads: str
    waits_for: str
    in_recovery: bool | None
    paused: bool
    lsn: Lsn | None
    replayed_at: datetime | None
    timeline: int | None
    stopped_at: str
    log: str

    @property
    def answers(self) -> bool:
        return self.in_recovery is not None

    @property
    def reached(self) -> bool:
        """It has stopped at its target, and can be looked at."""
        return self.answers and self.paused and bool(self.stopped_at)


@dataclass(frozen=True, slots=True)
class HostForInstance:
    """What a host has for an instance. Sizes in bytes; `missing` are libraries that it lacks."""

    available: int | None
    memory: int | None
    version: str
    port: int | None
    missing: tuple[str, ...]
    obstacle: str


class Instances:
    """Makes, watches and drops recovered instances. Every method raises ActionFailed."""

    def __init__(self, shells: Shells) -> None:
        self._shells = shells
        self._jobs = Jobs(shells)

    async def host(
        self, server: Server, directory: str, libraries: Sequence[str] = (), *, timeout: float = 5.0
    ) -> HostForInstance:
        """Look at a host before anything is made there."""
        found = await self._run(server, directory, instance_scripts.HOST, libraries, timeout)
        return _made(server, _host_of, found)

    async def live(self, server: Server, *, timeout: float = 8.0) -> LiveFacts:
        """What a running server says of what would be restored."""
        directory = server.service.data_directory.rstrip("/")
        words = (live_facts.SETTINGS_SQL, live_facts.DATABASES_SQL, live_facts.LIBRARIES_SQL)
        found = await self._run(server, directory, live_facts.LIVE, words, timeout)
        return _made(server, live_facts.live_facts, found)

    async def begin_verify(self, place: Place, *, sizes: bool, timeout: float = 15.0) -> JobReport:
        """Begin to compare what was laid out with its manifest: every checksum, or names and sizes alone."""
        words = ("sizes" if sizes else "",)
        verify = instance_scripts.VERIFY
        return await self._jobs.begin(
            place.server, place.directory, VERIFY_JOB, place.key, verify, words, timeout=timeout
        )

    async def verified(self, place: Place, *, patience: float = 0.0, timeout: float = 8.0) -> JobReport:
        """How that comparison stands; its end is waited for there, for `patience` seconds at most."""
        return await self._jobs.report(place.server, place.directory, VERIFY_JOB, patience=patience, timeout=timeout)

    async def stop_verify(self, place: Place, *, timeout: float = 15.0) -> str:
        """End that comparison, if it runs. What was done, in one line."""
        return await self._jobs.stop(place.server, place.directory, VERIFY_JOB, place.key, timeout=timeout)

    async def configure(self, place: Place, wanted: InstanceWanted, *, timeout: float = 15.0) -> None:
        """Give what was laid out in the directory the instance's own configuration. Repeatable."""
        floors = dict(wanted.floors)
        words = (place.key, *(str(floors.get(name, 0)) for name in LIMITS))
        text = instance_settings(wanted, place.operation)
        await self._run(place.server, place.directory, instance_scripts.CONFIGURE, words, timeout, text)

    async def start(self, place: Place, *, timeout: float = 15.0) -> None:
        """Start it, and do not wait for its recovery."""
        await self._run(place.server, place.directory, instance_scripts.START, (place.key,), timeout)

    async def look(self, place: Place, *, patience: float = 0.0, timeout: float = 8.0) -> InstanceState:
        """How it stands. Until it is at its target, its host waits for that, `patience` seconds at most."""
        words = (STATE_SQL, str(round(patience * LOOKS_PER_SECOND)))
        found = await self._run(place.server, place.directory, instance_scripts.LOOK, words, timeout + patience)
        return _made(place.server, instance_state, found)

    async def pause(self, place: Place, *, timeout: float = 8.0) -> None:
        """Hold its replay where it is."""
        await self.ask(place, _PAUSE, timeout=timeout)

    async def ask(self, place: Place, sql: str, *, timeout: float = 15.0) -> str:
        """Run constant SQL on it as superuser; the answer as psql prints it, unaligned."""
        words = (place.key, sql)
        found = await self._run(place.server, place.directory, instance_scripts.ASK, words, timeout)
        return found.blocks.get("output", "")

    async def begin_tables(
        self, place: Place, database: str, schema: str, tables: Sequence[str], *, timeout: float = 15.0
    ) -> JobReport:
        """Begin to copy tables (all of the database where none is named) into the live server on the same host.

        They go into a new schema, in one transaction. A job of that place: see `tables`.
        """
        live = place.server.service.data_directory.rstrip("/")
        words = (live, database, schema, *tables)
        return await self._jobs.begin(
            place.server, place.directory, TABLES_JOB, place.key, TABLES, words, timeout=timeout
        )

    async def tables(self, place: Place, *, patience: float = 0.0, timeout: float = 8.0) -> JobReport:
        """How the copy of tables stands; its end is waited for there, for `patience` seconds at most."""
        return await self._jobs.report(place.server, place.directory, TABLES_JOB, patience=patience, timeout=timeout)

    async def stop_tables(self, place: Place, *, timeout: float = 15.0) -> str:
        """End that copy, if it runs: its transaction is not committed. What was done, in one line."""
        return await self._jobs.stop(place.server, place.directory, TABLES_JOB, place.key, timeout=timeout)

    async def tables_there(self, place: Place, database: str, schema: str, *, timeout: float = 15.0) -> int:
        """How many tables the live server on the same host has in that new schema."""
        live = place.server.service.data_directory.rstrip("/")
        found = await self._run(place.server, live, SEEN, (database, schema, SEEN_SQL), timeout)
        return _made(place.server, lambda sections: int(sections.one("tables") or ""), found)

    async def prove(
        self, place: Place, limits: Sequence[RowLimit] = (), heartbeat: str = "", *, timeout: float = 600.0
    ) -> Proof:
        """Read every database of it: rows, a sample of indexes, the schema, checksums; the tables that have limits; and
        the heartbeat, where a database has one."""
        tables = "\n".join(f"{one.database}|{one.schema}|{one.table}" for one in limits)
        words = (place.key, *PROVE_SQL, tables, heartbeat)
        found = await self._run(place.server, place.directory, PROVE, words, timeout)
        return _made(place.server, lambda sections: proof_of(sections, limits), found)

    async def stop(self, place: Place, *, timeout: float = 60.0) -> None:
        await self._run(place.server, place.directory, instance_scripts.STOP, (place.key,), timeout)

    async def drop(self, place: Place, *, timeout: float = 600.0) -> bool:
        """Remove the directory that this order made, and nothing else. False where it was gone already."""
        words = (place.key, place.operation)
        found = await self._run(place.server, place.directory, instance_scripts.REMOVE, words, timeout)
        return found.one("gone") is None

    async def _run(
        self,
        server: Server,
        directory: str,
        script: str,
        arguments: Sequence[str],
        timeout: float,
        stdin: str | None = None,
    ) -> Sections:
        if server.service.kind is ServiceKind.DOCKER:
            raise ActionFailed(f"{server.name} runs in a container, where nothing can be restored beside it")
        self._shells.wake(server)
        argv = ("sh", "-c", script, "sh", directory, programs(server.service), *arguments)
        try:
            completed = await self._shells.run(server, argv, timeout=timeout, stdin=stdin)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name}'s host could not be asked: {error.detail}") from error
        return taken_apart(server.name, completed)


def directory_for(server: Server, operation: str) -> str:
    """Where an order's instance lies: beside the server's data directory, on the same file system."""
    return f"{server.service.data_directory.rstrip('/')}.restore-{operation}"


def instance_settings(wanted: InstanceWanted, operation: str) -> str:
    """The lines of its configuration, but for port, sockets and floors. ActionFailed for what cannot stand in one."""
    kept = [name for name in wanted.preload if name.rpartition("/")[2] in NEEDED_LIBRARIES]
    values = {
        **SMALL,
        **ALONE,
        **RECOVERING,
        "cluster_name": f"understudy restore {operation}",
        "shared_preload_libraries": ", ".join(kept),
        "restore_command": wanted.restore_command,
        **recovery_settings(wanted.target),
        **({"recovery_target_timeline": str(wanted.timeline)} if wanted.timeline is not None else {}),
    }
    return "".join(f"{name} = {quoted(value)}\n" for name, value in values.items())


def instance_state(found: Sections) -> InstanceState:
    """ValueError when it makes no sense."""
    port, _, sockets = (found.one("place") or "").partition(" ")
    title = found.one("startup") or ""
    row = (found.one("sql") or "").split("|")
    answered = len(row) == 5
    return InstanceState(
        there=found.one("there") is not None,
        key=found.one("key") or "",
        running=bool(found.one("postmaster")),
        port=int(port) if port.isdigit() else None,
        sockets=sockets.strip(),
        reads=_segment(title, "recovering"),
        waits_for=_segment(title, "waiting for"),
        in_recovery=row[0] == "t" if answered else None,
        paused=answered and row[1] == "t",
        lsn=parse_lsn(row[2]) if answered and row[2] else None,
        replayed_at=datetime.fromtimestamp(float(row[3]), UTC) if answered and row[3] else None,
        timeline=int(row[4]) if answered and row[4] else None,
        stopped_at=found.one("stopped_at") or "",
        log=found.blocks.get("log", ""),
    )


def _segment(title: str, word: str) -> str:
    _, _, name = title.partition(f"{word} ")
    return name.strip()[:_SEGMENT_NAME]


def _host_of(found: Sections) -> HostForInstance:
    available, memory, port = found.one("available"), found.one("memory"), found.one("port")
    return HostForInstance(
        available=int(available) * 1024 if available else None,
        memory=int(memory) * 1024 if memory else None,
        version=found.one("version") or "",
        port=int(port) if port else None,
        missing=tuple(found.values.get("missing", ())),
        obstacle=found.one("obstacle") or "",
    )


def _made(server: Server, make: Callable[[Sections], T], found: Sections) -> T:
    try:
        return make(found)
    except ValueError as error:
        raise ActionFailed(f"{server.name}'s host gave an answer that makes no sense: {error}") from None
