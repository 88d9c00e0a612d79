"""`/ha status` as a picture of a pair, and as a table of many: what a DBA looks for is there, and the worst is seen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.status_page import ClusterView, cluster_page, overview_page
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.page import Facts, Page, Table, Tone
from ledger.who import Who
from servers.lsn import Lsn
from servers.state import ClusterState, Slot, SqlFacts
from servers.verdict import judge
from tests.servers.seen import AT, PAIR, PRIMARY_FACTS, ROW, STANDBY_FACTS, look, seen

NOW = AT + timedelta(days=2, hours=3)
ALERT = AlertRow(
    "A1", "disk", "shop", "db1 /", Severity.CRITICAL, AlertState.FIRING, "95 % used", "below 90 %", "", "A1", AT, AT,
)  # fmt: skip


def view(state: ClusterState, *alerts: AlertRow) -> ClusterView:
    return ClusterView(PAIR, state, judge(PAIR, state), alerts, None)


def pair(primary: SqlFacts = PRIMARY_FACTS, standby: SqlFacts = STANDBY_FACTS) -> ClusterState:
    return look(seen("db1", primary), seen("db2", standby))


def facts_of(page: Page) -> dict[str, str]:
    return {
        label: "".join(map(str, spans)) for part in page.parts if isinstance(part, Facts) for label, spans in part.pairs
    }


def rows_of(page: Page) -> list[dict[str, str]]:
    table = next(part for part in page.parts if isinstance(part, Table))
    return [dict(zip(table.headers, row, strict=True)) for row in table.rows]


def test_each_server_says_what_it_is_how_it_replicates_and_since_when() -> None:
    synchronous = replace(PRIMARY_FACTS, replication=(replace(ROW, sync_state="sync"),))
    first, second = rows_of(cluster_page(view(pair(synchronous)), NOW))
    assert (first["Role"], first["Replication"], first["Up for"]) == ("primary", "to 1 standby", "2 d 3 h")
    assert (second["Role"], second["Replication"]) == ("standby", "streaming, sync")


def test_a_standby_that_the_primary_does_not_know_replicates_from_nobody() -> None:
    first, second = rows_of(cluster_page(view(pair(replace(PRIMARY_FACTS, replication=()))), NOW))
    assert (first["Replication"], second["Replication"]) == ("to nobody", "none")


def test_what_concerns_them_together_is_said_once_where_they_agree() -> None:
    facts = facts_of(cluster_page(view(pair()), NOW))
    assert (facts["PostgreSQL"], facts["Timeline"]) == ("18.4", "1")
    assert facts["Commits wait for"] == "no standby (asynchronous)"
    other = replace(STANDBY_FACTS, version_number=170006)
    assert facts_of(cluster_page(view(pair(standby=other)), NOW))["PostgreSQL"] == "db1 18.4, db2 17.6"


def test_a_slot_that_nobody_uses_says_what_it_keeps() -> None:
    slots = (
        Slot("db2", True, Lsn(2**30), "reserved", None),
        Slot("forgotten", False, Lsn(2**30), "extended", None),
    )
    primary = replace(PRIMARY_FACTS, wal_lsn=Lsn(3 * 2**30), slots=slots)
    assert facts_of(cluster_page(view(pair(primary)), NOW))["Slots"] == (
        "2; not in use: forgotten (keeps 2.0 GB of WAL)"
    )


def test_a_healthy_pair_with_a_critical_alert_is_not_shown_as_well() -> None:
    assert cluster_page(view(pair()), NOW).tone is Tone.GOOD
    assert cluster_page(view(pair(), ALERT), NOW).tone is Tone.CRITICAL
    silenced = replace(ALERT, silenced_by=Who("U0ALICE", "alice"))
    assert cluster_page(view(pair(), silenced), NOW).tone is Tone.GOOD


@pytest.mark.parametrize(("alerts", "said"), [((), "none"), ((ALERT,), "1, critical")])
def test_of_many_each_line_has_what_makes_one_look_closer(alerts: tuple[AlertRow, ...], said: str) -> None:
    (row,) = rows_of(overview_page([view(pair(), *alerts)], NOW))
    assert (row["Cluster"], row["Open alerts"], row["Last backup"], row["Fullest disk"]) == (
        "shop",
        said,
        "-",
        "unknown",
    )


def test_the_worst_comes_first_whatever_makes_it_so() -> None:
    well = replace(view(pair()), cluster=replace(PAIR, name="a"))
    page = overview_page([well, view(pair(), ALERT)], NOW)
    assert [row["Cluster"] for row in rows_of(page)] == ["shop", "a"]
    assert page.tone is Tone.CRITICAL
