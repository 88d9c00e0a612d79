"""App Home: every cluster with its verdict, open alerts, operations under way; fresh while somebody looks."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alerts.observation import Look
from bot.on_call.keeper import OnCallNow
from bot.slack.home_page import MOST, Seen, home_page
from lab.slack import PracticeSlack
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.maintenance import Maintenance
from ledger.operations import Operation, OperationState
from ledger.page import Items, Page, Tone
from ledger.silences import Silence
from ledger.who import Who
from servers.inventory import Cluster, Server, Service, ServiceKind, SshTarget
from servers.state import ClusterState
from servers.verdict import Judgement, Verdict
from tests.bot.slack.conftest import Stage

AT = datetime(2026, 3, 8, 3, 12, 1, tzinfo=UTC)
SSH = SshTarget("db1.example", 22, "postgres", None, Path("known_hosts"))
MAIN = Cluster("main", "C0OPS", (Server("db1", "host=db1.example", SSH, Service(ServiceKind.PG_CTL, "/data")),))
ALERT = AlertRow(
    id="9QX2", rule="primary_down", cluster="main", subject="db1", severity=Severity.CRITICAL, state=AlertState.FIRING,
    value="db1 refuses connections", threshold="answers", evidence="", group="9QX2", since=AT, last_seen_at=AT,
)  # fmt: skip
OPERATION = Operation(
    id="7K3F", kind="failover", cluster="main", plan="{}", plan_hash="0", requester=Who("U0ALICE", "alice"), reason="",
    channel="C0OPS", created_at=AT, expires_at=AT, state=OperationState.RUNNING,
)  # fmt: skip


def look(verdict: Verdict) -> Look:
    return Look(MAIN, ClusterState("main", AT, ()), Judgement(verdict, "db1", ("db2",), (), ()))


def lines(page: Page) -> list[tuple[Tone, str, str]]:
    return [(one.tone, one.title, one.detail) for part in page.parts if isinstance(part, Items) for one in part.items]


def everything(view: dict[str, Any]) -> str:
    return str(view["blocks"])


def test_what_nobody_has_looked_at_is_unknown_and_never_healthy() -> None:
    page = home_page(Seen({"main": None}))
    assert page.tone is Tone.UNKNOWN
    assert lines(page)[0] == (Tone.UNKNOWN, "main", "not looked at yet")


def test_the_worst_cluster_gives_the_tone() -> None:
    page = home_page(Seen({"main": look(Verdict.PRIMARY_DOWN), "billing": look(Verdict.HEALTHY)}))
    assert (page.tone, page.title) == (Tone.CRITICAL, "1 of 2 clusters need a look")


def test_every_verdict_has_its_line() -> None:
    for verdict in Verdict:
        (tone, name, detail), *_ = lines(home_page(Seen({"main": look(verdict)})))
        assert (tone is Tone.GOOD) == (verdict is Verdict.HEALTHY)
        assert (name, detail) == ("main", f"{verdict.value}; primary db1, standby db2")


def test_alerts_and_operations_are_listed() -> None:
    page = home_page(Seen({"main": look(Verdict.PRIMARY_DOWN)}, (ALERT,), (OPERATION,)))
    assert [line[1:] for line in lines(page)[1:]] == [
        ("main: primary db1 is down", "db1 refuses connections"),
        ("failover of main (7K3F)", "running, asked for by alice"),
    ]


def test_what_waits_for_approval_stands_apart_from_what_runs() -> None:
    waits = replace(OPERATION, id="8M2P", state=OperationState.AWAITING_APPROVAL)
    page = home_page(Seen({"main": look(Verdict.HEALTHY)}, (), (OPERATION, waits)))
    listed = {part.title: [one.title for one in part.items] for part in page.parts if isinstance(part, Items)}
    assert listed["Operations that wait for approval"] == ["failover of main (8M2P)"]
    assert listed["Operations"] == ["failover of main (7K3F)"]


def test_who_is_on_call_what_is_quiet_and_which_drills_are_due() -> None:
    who = Who("U0ALICE", "alice")
    drill = replace(ALERT, rule="drill", subject="main")
    seen = Seen(
        {"main": look(Verdict.HEALTHY)},
        (drill,),
        silences=(Silence("S1", "main", "disk", None, "new disks", who, AT, None),),
        maintenance=(Maintenance(1, "main", who, "kernel", "C0OPS", AT, AT),),
        duties=(OnCallNow("database", ("bob",), "by the rota of the settings"),),
    )
    listed = {part.title: part.items for part in home_page(seen).parts if isinstance(part, Items)}
    assert listed["On call"][0].detail == "bob (by the rota of the settings)"
    assert listed["Silences"][0].title == "main, disk"
    assert "kernel" in listed["In maintenance"][0].detail
    assert len(listed["Drills due"]) == 1
    assert listed["Open alerts"][0].title == "None"


def test_of_too_many_the_first_ones_and_how_many_more() -> None:
    page = home_page(Seen({"main": look(Verdict.PRIMARY_DOWN)}, (ALERT,) * (MOST + 7)))
    assert lines(page)[-1][1] == "and 7 more"


async def test_it_is_published_when_somebody_opens_it(stage: Stage, slack: PracticeSlack) -> None:
    stage.monitor.looks["main"] = look(Verdict.HEALTHY)
    home = await slack.person("U0DAVE").open_home()
    assert "All clusters are healthy" in everything(home)


async def test_it_is_published_again_when_something_has_changed(stage: Stage, slack: PracticeSlack) -> None:
    stage.monitor.looks["main"] = look(Verdict.HEALTHY)
    alice = slack.person("U0ALICE")
    await alice.open_home()
    stage.monitor.looks["main"] = look(Verdict.PRIMARY_DOWN)
    await slack.wait_until(lambda: alice.home is not None and "primary down" in everything(alice.home), timeout=10)
