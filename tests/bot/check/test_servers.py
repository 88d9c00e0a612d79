"""`understudy check` of a pair: each trial says what it saw, and how to mend what does not work."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from rich.console import Console

from bot.check.finding import Finding, Outcome
from bot.check.run import table
from bot.check.servers import ServerTrials
from servers.backups.tool import BackupListing, BackupTool
from servers.engines.engine import ActionFailed, Engine
from servers.inventory import BackupPlace, Cluster, Server
from servers.inventory import BackupTool as ToolName
from servers.observe import Observer
from servers.sql import Sessions
from servers.state import BackupState, ClusterState, ControlData, HostFacts, PeerReply, PeerTry
from servers.state import Outcome as Answered
from tests.servers.seen import PAIR, PRIMARY_FACTS, STANDBY_FACTS, control, host, look, seen

WRITER = "pg_logical_emit_message(boolean,text,text,boolean)"
ALL_RIGHTS = {
    "role": "understudy",
    "monitor": True,
    "promote": True,
    "checkpoint": True,
    "write": True,
    "writer": WRITER,
}


@dataclass
class Pair:
    """The servers as they are to be seen."""

    state: ClusterState
    rights: dict[str, object] = field(default_factory=lambda: ALL_RIGHTS)
    control_fails: str | None = None

    async def observe(self, cluster: Cluster) -> ClusterState:
        return self.state

    async def list(self, cluster: Cluster, *, timeout: float) -> BackupState:
        return BackupState(self.state.servers[0].sql_answer, (), None, None)

    async def query(self, server: Server, *_: object, timeout: float) -> Sequence[dict[str, object]]:
        return [self.rights]

    async def control_data(self, server: Server, *, timeout: float) -> ControlData:
        if self.control_fails:
            raise ActionFailed(self.control_fails)
        return control()


def _host_reaching(*peers: str) -> HostFacts:
    return replace(host(), peers=tuple(PeerTry(peer, PeerReply.ACCEPTING) for peer in peers))


HEALTHY = look(seen("db1", PRIMARY_FACTS, _host_reaching("db2")), seen("db2", STANDBY_FACTS, _host_reaching("db1")))


class Checking:
    """A backup tool, as far as its own check is concerned."""

    def __init__(self, fails: str) -> None:
        self._fails = fails

    async def check(self, cluster: Cluster, *, timeout: float = 60.0) -> str:
        if self._fails:
            raise ActionFailed(self._fails)
        return "it passes"


async def _found(pair: Pair, tool: object = None, backups: BackupPlace | None = None) -> dict[tuple[str, str], Finding]:
    part: Any = pair
    trials = ServerTrials(
        replace(PAIR, backups=backups), cast(Observer, part), cast(Sessions, part), cast(Engine, part),
        cast(BackupListing, part), cast(BackupTool, tool),
    )  # fmt: skip
    return {(finding.subject, finding.what): finding for finding in await trials.run()}


async def test_what_works_says_what_was_seen() -> None:
    found = await _found(Pair(HEALTHY))
    for what in ("SQL", "rights of the role", "control data"):
        assert found["shop/db1", what].outcome is Outcome.WORKS
    assert found["shop/db1", "the way to db2"].outcome is Outcome.WORKS
    assert found["shop", "the pair"].seen == "healthy"
    # The settings of this pair name no place for backups: nobody would notice a missing one.
    assert found["shop/backups", "base backups"].outcome is Outcome.WARNING


async def test_a_backup_tool_that_has_a_check_of_its_own_is_asked_for_it() -> None:
    place, key = BackupPlace(ToolName.PGBACKREST, ""), ("shop/backups", "its tool's own check")
    assert (await _found(Pair(HEALTHY), Checking(""), place))[key].outcome is Outcome.WORKS
    failed = (await _found(Pair(HEALTHY), Checking("WAL does not reach the archive"), place))[key]
    assert (failed.outcome, failed.seen) == (Outcome.BROKEN, "WAL does not reach the archive")
    assert key not in await _found(Pair(HEALTHY), None, place)


async def test_whatever_does_not_work_comes_with_its_mend() -> None:
    state = look(seen("db1", PRIMARY_FACTS, host()), seen("db2", Answered.DENIED, Answered.TIMED_OUT))
    rights = {**ALL_RIGHTS, "monitor": False, "promote": False}
    found = await _found(Pair(state, rights, control_fails="bin_directory is wrong"))
    assert "GRANT pg_monitor TO understudy" in found["shop/db1", "rights of the role"].mend
    assert found["shop/db2", "SQL"].outcome is Outcome.BROKEN
    assert found["shop/db2", "SSH"].outcome is Outcome.BROKEN
    assert found["shop/db2", "the way to db1"].outcome is Outcome.SKIPPED
    # What only follows from the lack of SSH points there, and not at settings that may well be right.
    assert found["shop/db2", "control data"].mend == "mend SSH first"
    assert "bin_directory" in found["shop/db1", "control data"].mend
    assert found["shop", "the pair"].outcome is Outcome.WARNING
    assert all(finding.mend for finding in found.values() if finding.outcome is not Outcome.WORKS)


async def test_a_missing_right_that_has_a_way_round_is_a_warning_only() -> None:
    found = await _found(Pair(HEALTHY, {**ALL_RIGHTS, "checkpoint": False}))
    assert found["shop/db1", "rights of the role"].outcome is Outcome.WARNING


def test_the_table_interprets_nothing_and_tells_no_secret() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    findings = [Finding("[red]db1[/red]", "SQL", Outcome.BROKEN, "password hush", "mend it")]
    console.print(table(findings, lambda text: text.replace("hush", "…")))
    written = console.export_text()
    assert "[red]db1[/red]" in written
    assert "hush" not in written
