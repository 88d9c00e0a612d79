"""A restored directory in the place of a server's data directory: put there, taken back, settled."""

from collections.abc import Sequence
from dataclasses import dataclass

from servers.backups import in_place_scripts, putting_scripts
from servers.backups.instances import Place
from servers.backups.recovery import recovery_settings
from servers.backups.target import Target
from servers.engines.engine import ActionFailed
from servers.engines.job_answer import taken_apart
from servers.engines.standby_settings import quoted
from servers.errors import ServerUnreachable
from servers.lsn import Lsn, parse_lsn
from servers.sections import Sections
from servers.service import programs
from servers.ssh import Shells

# All in one row. The startup process waits so where no source has more WAL:
# https://www.postgresql.org/docs/current/monitoring-stats.html#WAIT-EVENT-TIMEOUT-TABLE
_STATE = """
SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
       (SELECT timeline_id FROM pg_control_checkpoint()),
       (SELECT wait_event = 'RecoveryRetrieveRetryInterval' FROM pg_stat_activity WHERE backend_type = 'startup')
"""


# What a server's own configuration may have for standbys, and what must not run or wait while it recovers in place: the
# first deletes WAL from the archive that older backups need.
_QUIET = {"archive_cleanup_command": "", "recovery_end_command": "", "recovery_min_apply_delay": "0"}


@dataclass(frozen=True, slots=True)
class InPlaceState:
    """`swapped`: the restored directory is the server's. `control` is pg_controldata's state; `aside` where the old one
    lies, or ''. `in_recovery` None: it does not answer, and `refused` is what it said instead. `targeted`: it has a
    recovery target set; promoted before it has met that, PostgreSQL ends. `at_end`: it waits for WAL that nobody has.
    """

    swapped: bool
    there: bool
    running: bool
    control: str
    aside: str
    in_recovery: bool | None
    paused: bool
    lsn: Lsn | None
    timeline: int | None
    refused: str = ""
    targeted: bool = False
    at_end: bool = False

    @property
    def may_be_opened(self) -> bool:
        """Whether a promotion would not find a target that was not met: it has stopped there, or has none."""
        return self.paused or not self.targeted


class InPlace:
    """Every method raises ActionFailed, and may be repeated."""

    def __init__(self, shells: Shells) -> None:
        self._shells = shells

    async def swap(self, place: Place, target: Target, restore_command: str, *, timeout: float = 30.0) -> str:
        """Move the data directory aside, and the restored one into its place; where the old one is now.

        Both must be stopped. Started now, it recovers to the target with the server's own configuration.
        """
        text = _settings(target, restore_command)
        return (await self._run(place, in_place_scripts.SWAP, (), timeout, text)).one("aside") or ""

    async def put(self, place: Place, target: Target, restore_command: str, *, timeout: float = 30.0) -> None:
        """The restored directory where the server has none; refused where anything is there. As `swap` otherwise."""
        await self._run(place, putting_scripts.PUT, (), timeout, _settings(target, restore_command))

    async def put_back(self, place: Place, *, timeout: float = 30.0) -> None:
        """The restored directory where it was made. The server must be stopped."""
        await self._run(place, putting_scripts.PUT_BACK, (), timeout)

    async def swap_back(self, place: Place, *, timeout: float = 30.0) -> None:
        """The old directory in its place again; the restored one where it was made. The server must be stopped."""
        await self._run(place, in_place_scripts.SWAP_BACK, (), timeout)

    async def state(self, place: Place, *, timeout: float = 8.0) -> InPlaceState:
        return _state(await self._run(place, in_place_scripts.STATE, (_STATE,), timeout))

    async def forget_target(self, place: Place, *, timeout: float = 15.0) -> None:
        """Take the target alone off again, of a server that is stopped: started now, it recovers to the end."""
        await self._run(place, in_place_scripts.FORGET_TARGET, (), timeout)

    async def settle(self, place: Place, *, standby: bool = False, timeout: float = 15.0) -> None:
        """Take the recovery settings off again, once it has been promoted; `standby`: once it follows, as it does."""
        await self._run(place, in_place_scripts.SETTLE, ("standby" if standby else "",), timeout)

    async def _run(
        self, place: Place, script: str, arguments: Sequence[str], timeout: float, stdin: str | None = None
    ) -> Sections:
        server = place.server
        data = server.service.data_directory.rstrip("/")
        own = (data, programs(server.service), place.directory, place.key)
        self._shells.wake(server)
        try:
            argv = ("sh", "-c", script, "sh", *own, *arguments)
            completed = await self._shells.run(server, argv, timeout=timeout, stdin=stdin)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name}'s host could not be asked: {error.detail}") from error
        return taken_apart(server.name, completed)


def _settings(target: Target, restore_command: str) -> str:
    values = {
        "restore_command": restore_command,
        "recovery_target_timeline": "latest",
        "primary_conninfo": "",
        "primary_slot_name": "",
        **_QUIET,
        **recovery_settings(target),
    }
    return "".join(f"{name} = {quoted(value)}\n" for name, value in values.items())


def _state(found: Sections) -> InPlaceState:
    row = (found.one("sql") or "").split("|")
    answered = len(row) == 5
    try:
        return InPlaceState(
            swapped=found.one("swapped") is not None,
            there=found.one("there") is not None,
            running=bool(found.one("postmaster")),
            control=found.one("state") or "",
            aside=found.one("aside") or "",
            in_recovery=row[0] == "t" if answered else None,
            paused=answered and row[1] == "t",
            lsn=parse_lsn(row[2]) if answered and row[2] else None,
            timeline=int(row[3]) if answered and row[3] else None,
            refused=found.one("refused") or "",
            targeted=found.one("targeted") is not None,
            at_end=answered and row[4] == "t",
        )
    except ValueError as error:
        raise ActionFailed(f"how the server stands makes no sense: {error}") from None
