"""Alerts of a cluster that Patroni runs: from what Patroni says, and never from its silence."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.keeper import AlertKeeper
from alerts.lifecycle import Change
from alerts.observation import Look
from alerts.round import observe
from alerts.rules import RULES
from alerts.rules.rule import Bad, Ok, Reading, Result, Unknown
from alerts.thresholds import Thresholds
from alerts.thresholds.kinds import HOUR
from ledger.ledger import Ledger
from ledger.maintenance import begin
from ledger.who import Who
from servers.inventory import PatroniPlace
from servers.patroni_state import PatroniMember, PatroniState
from servers.state import Answer, Outcome
from tests.alerts.looks import ANSWERED, CLUSTER, NOW, look, primary_down

MANAGED = replace(CLUSTER, patroni=PatroniPlace((("db1", "http://127.0.0.1:1"), ("db2", "http://127.0.0.1:1"))))
LEADER = PatroniMember("db1", "leader", "running", None, 1)
REPLICA = PatroniMember("db2", "replica", "streaming", 0, 1)
WELL = PatroniState(ANSWERED, (LEADER, REPLICA))
PAUSED = replace(WELL, paused=True)
SILENT = PatroniState(Answer(Outcome.UNREACHABLE, NOW, 1.0, "connection refused"))
NO_DCS = PatroniState(Answer(Outcome.TIMED_OUT, NOW, 1.0, "no answer within 1.5 s"), dcs_seen_at=NOW)
BY_NAME = {rule.name: rule for rule in RULES}
OURS = ("patroni_dcs", "patroni_no_leader", "patroni_member", "patroni_paused")


def seen(said: PatroniState | None, *, at_work: bool = False) -> Look:
    whole = look(cluster=MANAGED)
    return replace(whole, state=replace(whole.state, patroni=said), at_work=at_work)


def judged(rule: str, subject: str, said: PatroniState | None, *, at_work: bool = False) -> Result:
    observations = observe(seen(said, at_work=at_work)).observations
    of_it = {one.name: one for one in observations if one.subject == subject and one.name in BY_NAME[rule].observes}
    return BY_NAME[rule].judge(Reading(subject, of_it, Thresholds()))


@pytest.mark.parametrize(
    ("rule", "subject", "said", "severity", "words"),
    [
        ("patroni_paused", "Patroni", PAUSED, "warning", "paused"),
        ("patroni_no_leader", "Patroni", replace(WELL, members=(REPLICA,)), "critical", "db2: replica"),
        ("patroni_member", "db2", replace(WELL, members=(LEADER,)), "warning", "does not list db2"),
        ("patroni_dcs", "Patroni", NO_DCS, "critical", "last reached its DCS at 03:12:00 UTC"),
        ("cannot_see", "Patroni", SILENT, "warning", "connection refused"),
    ],
)
def test_what_patroni_says_is_bad_fires_with_its_words(
    rule: str, subject: str, said: PatroniState, severity: str, words: str
) -> None:
    result = judged(rule, subject, said)
    assert isinstance(result, Bad), result
    assert result.severity == severity
    assert words in "\n".join((result.value, *result.evidence))


@pytest.mark.parametrize("state", ["stopped", "start failed", "crashed", "creating replica", "in archive recovery"])
def test_a_member_that_does_not_stream_is_not_well_while_somebody_leads(state: str) -> None:
    result = judged("patroni_member", "db2", replace(WELL, members=(LEADER, replace(REPLICA, state=state))))
    assert isinstance(result, Bad)
    assert result.value == f"Patroni says that db2 is {state}"


def test_without_a_leader_a_member_that_has_nobody_to_stream_from_is_not_blamed() -> None:
    alone = replace(WELL, members=(replace(REPLICA, state="in archive recovery"),))
    assert isinstance(judged("patroni_member", "db2", alone), Unknown)
    nameless = replace(WELL, members=(LEADER, replace(REPLICA, state="")))
    assert isinstance(judged("patroni_member", "db2", nameless), Unknown)


@pytest.mark.parametrize("rule", OURS)
def test_all_is_well_where_patroni_says_so_and_its_silence_is_neither(rule: str) -> None:
    subject = "db2" if rule == "patroni_member" else "Patroni"
    assert isinstance(judged(rule, subject, WELL), Ok)
    assert isinstance(judged(rule, subject, SILENT), Unknown)
    assert isinstance(judged(rule, subject, None), Unknown)


def test_a_pause_in_maintenance_neither_fires_nor_resolves() -> None:
    assert isinstance(judged("patroni_paused", "Patroni", PAUSED, at_work=True), Unknown)
    assert isinstance(judged("patroni_paused", "Patroni", WELL, at_work=True), Ok)


def test_of_a_cluster_that_patroni_does_not_run_nothing_is_observed() -> None:
    names = {one.name for one in observe(look()).observations}
    assert not any(name.startswith("patroni") for name in names)


class Watched:
    """A keeper on a real ledger, with a clock of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.now = NOW
        self.keeper = AlertKeeper(ledger, [MANAGED], Thresholds(), self._clock)

    def _clock(self) -> datetime:
        return self.now

    async def takes(self, said: PatroniState, after: float, whole: Look | None = None) -> list[tuple[str, Change]]:
        self.now += timedelta(seconds=after)
        shown = whole or look(cluster=MANAGED)
        state = replace(shown.state, at=self.now, patroni=said)
        changed = await self.keeper.take(MANAGED, state, shown.judgement)
        return [(one.after.rule, one.change) for one in changed if one.after.rule in OURS]


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield Watched(ledger)


async def test_a_pause_is_told_after_an_hour_and_resolved_by_patronis_word_alone(watched: Watched) -> None:
    assert await watched.takes(PAUSED, 0) == []
    assert await watched.takes(PAUSED, HOUR - 1) == []
    assert await watched.takes(PAUSED, 1) == [("patroni_paused", Change.FIRED)]
    assert await watched.takes(SILENT, 60) == []
    assert await watched.takes(WELL, 60) == [("patroni_paused", Change.RESOLVED)]


async def test_a_pause_for_maintenance_is_told_an_hour_after_its_end_if_it_lasts(watched: Watched) -> None:
    until = NOW + timedelta(hours=3)
    await watched.ledger.write(
        lambda db: begin(db, "shop", Who("U0BOB", "Bob"), "kernel update", channel="C0OPS", since=NOW, until=until)
    )
    for _ in range(3):
        assert await watched.takes(PAUSED, HOUR - 1) == []
    assert await watched.takes(PAUSED, 60) == []  # it has ended
    assert await watched.takes(PAUSED, HOUR) == [("patroni_paused", Change.FIRED)]


async def test_no_leader_beside_a_dead_primary_stands_on_its_card(watched: Watched) -> None:
    headless = replace(WELL, members=(REPLICA,))
    down = replace(primary_down(), cluster=MANAGED)
    await watched.takes(headless, 0, down)
    await watched.takes(headless, 11, down)
    rows = {row.rule: row.group for row in watched.keeper.firing()}
    assert rows["patroni_no_leader"] == rows["primary_down"]
