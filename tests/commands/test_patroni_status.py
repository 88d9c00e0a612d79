"""What the status says of a cluster that Patroni runs: its word beside the servers' own, and never smoothed over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.status_page import ClusterView, cluster_page, overview_page
from commands.status_patroni import patroni_parts
from ledger.page import Facts, Items, Page, Table, Tone
from servers.inventory import PatroniPlace
from servers.patroni_disagreement import disagreements
from servers.patroni_state import PatroniConfig, PatroniMember, PatroniState, ScheduledSwitchover
from servers.state import Answer, ClusterState, Outcome
from servers.verdict import Verdict, judge
from tests.commands.inventory import SHOP
from tests.commands.practice import NOW, practice_pair

MANAGED = replace(SHOP, patroni=PatroniPlace((("db1", "http://127.0.0.1:1"), ("db2", "http://127.0.0.1:1"))))
LEADER = PatroniMember("db1", "leader", "running", None, 1)
REPLICA = PatroniMember("db2", "replica", "streaming", 0, 1)
WELL = PatroniState(Answer(Outcome.ANSWERED, NOW, 0.01), (LEADER, REPLICA))
SILENT = PatroniState(Answer(Outcome.UNREACHABLE, NOW, 1.0, "db1: connection refused; db2: connection refused"))


async def seen(said: PatroniState) -> ClusterState:
    return replace(await practice_pair().observe(MANAGED), patroni=said)


def view_of(state: ClusterState) -> ClusterView:
    return ClusterView(MANAGED, state, judge(MANAGED, state), (), None)


async def page_of(said: PatroniState) -> Page:
    return cluster_page(view_of(await seen(said)), NOW)


def items(page: Page) -> list[tuple[Tone, str]]:
    found = [part for part in page.parts if isinstance(part, Items) and part.title == "Patroni"]
    return [(item.tone, item.title) for part in found for item in part.items]


def facts(page: Page) -> dict[str, str]:
    spans = {name: words for part in page.parts if isinstance(part, Facts) for name, words in part.pairs}
    return {name: "".join(word for word in words if isinstance(word, str)) for name, words in spans.items()}


async def test_members_and_limits_stand_beside_what_the_servers_say() -> None:
    page = await page_of(WELL)
    assert page.tone is Tone.GOOD
    assert items(page) == []
    table = next(part for part in page.parts if isinstance(part, Table) and part.headers[0] == "Patroni's member")
    assert table.rows == (
        ("db1", "leader", "running", "-", "1", "-"),
        ("db2", "replica", "streaming", "0 bytes", "1", "-"),
    )
    assert facts(page)["Synchronous mode"] == "off"
    assert facts(page)["Fails over to"] == "who lags 1.0 MB at most"


async def test_what_hinders_a_member_is_said_at_it() -> None:
    lazy = replace(REPLICA, role="sync_standby", lag=None, pending_restart=True, tags=(("nofailover", "True"),))
    page = await page_of(replace(WELL, members=(LEADER, lazy), config=PatroniConfig(synchronous_mode=True)))
    table = next(part for part in page.parts if isinstance(part, Table) and part.headers[0] == "Patroni's member")
    assert table.rows[1] == ("db2", "sync standby", "streaming", "unknown", "1", "never leads, needs a restart")
    assert facts(page)["Synchronous mode"].startswith("on")


async def test_a_patroni_that_cannot_be_asked_leaves_nothing_healthy() -> None:
    state = await seen(SILENT)
    assert view_of(state).verdict is Verdict.HEALTHY  # by SQL and SSH
    page = cluster_page(view_of(state), NOW)
    assert page.tone is Tone.UNKNOWN
    assert "Patroni unknown." in page.summary
    assert items(page) == [(Tone.UNKNOWN, "What Patroni says is not known, and nothing can be asked of it")]
    overview = overview_page((view_of(state),), NOW)
    assert overview.tone is Tone.UNKNOWN
    assert isinstance(overview.parts[0], Table)
    assert overview.parts[0].rows[0][1] == "healthy, Patroni unknown"


async def test_a_pause_and_a_missing_leader_are_said_first() -> None:
    page = await page_of(replace(WELL, paused=True))
    assert page.tone is Tone.WARNING
    assert items(page) == [(Tone.WARNING, "Patroni is paused")]
    headless = replace(WELL, members=(replace(LEADER, role="replica", state="stopped"), REPLICA))
    assert (Tone.CRITICAL, "Patroni has no leader") in items(await page_of(headless))


async def test_a_scheduled_switchover_is_shown_with_its_time_in_utc() -> None:
    at = datetime(2026, 2, 1, 3, 0, tzinfo=UTC)
    page = await page_of(replace(WELL, scheduled=ScheduledSwitchover(at, "db1", "db2")))
    assert facts(page)["Scheduled"] == "switchover to db2 at 2026-02-01 03:00 UTC, "
    assert at - NOW > timedelta(0)


@pytest.mark.parametrize(
    ("members", "line"),
    [
        (
            (replace(LEADER, role="replica"), replace(REPLICA, role="leader")),
            "Patroni says that db2 leads; by SQL it is",
        ),
        ((replace(LEADER, role="replica"), REPLICA), "db1 is a primary by SQL; Patroni says that nobody leads"),
        ((LEADER, replace(REPLICA, state="stopped")), "Patroni says that db2 is stopped; it answers by SQL"),
        ((LEADER, replace(REPLICA, timeline=2)), "Patroni says that db2 is on timeline 2; by SQL it is on 1"),
        ((LEADER,), "Patroni has no member db2, which runs as a standby by SQL"),
    ],
)
async def test_a_disagreement_is_shown_whatever_it_is(members: tuple[PatroniMember, ...], line: str) -> None:
    page = await page_of(replace(WELL, members=members))
    assert page.tone is not Tone.GOOD
    assert any(tone is Tone.CRITICAL and line in title for tone, title in items(page)), items(page)


async def test_of_a_cluster_that_patroni_does_not_run_nothing_is_said() -> None:
    state = await practice_pair().observe(SHOP)
    assert patroni_parts(state) == ()
    assert patroni_parts(None) == ()


async def test_who_does_not_speak_contradicts_nobody() -> None:
    assert disagreements(await seen(WELL)) == ()
    assert disagreements(await seen(SILENT)) == ()
    pair = practice_pair()
    pair.kill("db1")
    state = replace(await pair.observe(MANAGED), patroni=replace(WELL, members=(REPLICA,)))
    assert not any("db1" in line for line in disagreements(state))
