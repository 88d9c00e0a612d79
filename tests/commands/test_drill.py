"""A drill's own judgement: what is proven, what would have been lost, and what the report card says."""

from datetime import UTC, datetime, timedelta

import pytest

from commands.command import Misunderstood
from commands.drill import Drill
from commands.drilling.actions import BEGAN_LSN, CHECKED, PROVEN, rpo_seconds
from commands.drilling.report import conclude
from commands.plan import Loss, Plan
from ledger.drills import RESTORE_DRILL, RPO, RTO
from servers.backups.proof import DatabaseProof, proof_of
from servers.lsn import Lsn
from servers.sections import parse_sections
from tests.commands.conftest import Scene

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = Plan(
    RESTORE_DRILL, "shop", "7300000000000000001", 1, None, "db2", (), (), 0.0, Loss(0, 0.0, ""),
    facts=(("verified backup", "monday"),),
)  # fmt: skip


class TestProof:
    def test_every_database_that_was_read_and_the_checksums(self) -> None:
        found = proof_of(
            parse_sections("@proved 3|2|1000|10|42|a shop|with a bar\n@checksums on|0\n@done", frozenset())
        )

        assert found.databases == (DatabaseProof("a shop|with a bar", 3, 2, 1000, 10, 42),)
        assert found.holds

    @pytest.mark.parametrize(
        "text",
        [
            "@checksums on|0",
            "@proved 3|2|1000|10|42|shop\n@broken books: ERROR: invalid page in block 7\n@checksums on|0",
            "@proved 3|2|1000|10|42|shop\n@checksums on|1",
        ],
    )
    def test_nothing_read_something_broken_or_a_failed_checksum_is_no_proof(self, text: str) -> None:
        assert not proof_of(parse_sections(text, frozenset())).holds

    def test_where_amcheck_is_not_installed_it_says_so(self) -> None:
        found = proof_of(parse_sections("@proved 3|2|1000|none|42|shop\n@checksums off|0", frozenset()))
        assert found.databases[0].indexes is None
        assert found.checksum_failures is None
        assert found.holds


class TestRpo:
    def test_nothing_is_lost_where_the_archive_led_past_the_primary(self) -> None:
        assert rpo_seconds(NOW, Lsn(500), Lsn(500), None) == 0.0

    def test_else_at_most_the_time_since_the_last_transaction_that_came_back(self) -> None:
        last = NOW - timedelta(minutes=4)
        assert rpo_seconds(NOW, Lsn(500), Lsn(400), last) == 240.0
        assert rpo_seconds(NOW, None, Lsn(400), last) == 240.0

    def test_without_one_it_is_not_known(self) -> None:
        assert rpo_seconds(NOW, Lsn(500), Lsn(400), None) is None


class TestReport:
    def test_it_says_what_was_measured_against_what_is_promised(self) -> None:
        found = {RTO: "125.0", RPO: "0.0", BEGAN_LSN: "0/5", PROVEN: "1 database", CHECKED: "10 in order (amcheck)"}
        card = conclude(PLAN, found)

        assert "missed" not in card.line
        assert dict(card.facts)["RTO"] == "2 min 5 s until everything was proven (at most 1 h)"
        assert dict(card.facts)["RPO"] == "nothing would have been lost (at most 15 min)"

    def test_what_was_missed_is_said_first(self) -> None:
        card = conclude(PLAN, {RTO: "4000", RPO: "1000"})
        assert card.line.endswith("It took longer than promised: RTO and RPO missed.")

    def test_what_was_not_measured_is_not_known(self) -> None:
        assert dict(conclude(PLAN, {}).facts)["RPO"].startswith("not known")


def test_a_drill_of_another_kind_is_not_guessed(scene: Scene) -> None:
    with pytest.raises(Misunderstood, match="Which drill"):
        Drill().resolve(("failover",), scene.world)
