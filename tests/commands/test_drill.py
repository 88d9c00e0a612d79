"""A drill's own judgement: what is proven, what would have been lost, and what the report card says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.command import Misunderstood
from commands.drill import Drill
from commands.drilling.actions import BEGAN_BEAT, BEGAN_LSN, CHECKED, HEARTBEAT, PROVEN, rpo_seconds
from commands.drilling.drill_plan import CHOSEN, VERIFIED
from commands.drilling.judging import missed
from commands.drilling.report import conclude
from commands.drilling.words import Wish, chosen, read_wish, understand
from commands.plan import Loss, Plan
from ledger.drills import RESTORE_DRILL, RPO, RTO, WANTED
from servers.backups.proof import DatabaseProof, Proof, proof_of
from servers.drilling import RowLimit
from servers.lsn import Lsn
from servers.sections import parse_sections
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = Plan(
    RESTORE_DRILL, "shop", "7300000000000000001", 1, None, "db2", (), (), 0.0, Loss(0, 0.0, ""),
    facts=((VERIFIED, "monday"), (CHOSEN, "newest")),
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


PROMISED = {WANTED[RTO]: "3600", WANTED[RPO]: "900"}


class TestReport:
    def test_it_says_what_was_measured_against_what_is_promised(self) -> None:
        found = {**PROMISED, RTO: "125.0", RPO: "0.0", BEGAN_LSN: "0/5", PROVEN: "1 database", CHECKED: "10 in order"}
        rows = dict(conclude(PLAN, found).facts)

        assert rows["RTO"] == "2 min 5 s (at most 1 h)"
        assert rows["RPO"] == "nothing would have been lost (at most 15 min)"
        assert rows["Backup"] == "monday (newest)"

    def test_which_of_the_two_the_rpo_goes_by_is_said(self) -> None:
        by_heartbeat = {RPO: "7.5", BEGAN_BEAT: NOW.isoformat(), HEARTBEAT: NOW.isoformat()}
        assert dict(conclude(PLAN, by_heartbeat).facts)["RPO"] == "7.5 s"
        assert dict(conclude(PLAN, by_heartbeat).facts)["RPO measured by"].startswith("the heartbeat: ")
        by_transaction = dict(conclude(PLAN, {RPO: "7.5"}).facts)
        assert by_transaction["RPO"] == "at most 7.5 s"
        assert by_transaction["RPO measured by"] == "the last transaction: there is no heartbeat"

    def test_what_was_not_measured_is_not_known(self) -> None:
        assert dict(conclude(PLAN, {}).facts)["RPO"].startswith("not known")

    def test_what_was_missed_is_named_with_what_was_promised(self) -> None:
        assert missed({**PROMISED, RTO: "4000", RPO: "900"}) == ("RTO 1 h 6 min, at most 1 h",)
        assert missed({**PROMISED, RPO: "1000"}) == ("RPO 16 min 40 s, at most 15 min",)
        assert missed(PROMISED) == ()


class TestWhichBackup:
    NAMES = ("friday", "thursday", "wednesday", "tuesday")

    def meant(self, *words: str) -> Wish:
        return read_wish(understand(words, NOW, {"shop": SHOP}).words)

    def test_the_newest_where_nothing_is_said(self) -> None:
        assert chosen(self.meant("restore"), self.NAMES, 3, 4) is None

    def test_one_by_its_name_or_what_else_there_is(self) -> None:
        assert chosen(self.meant("restore", "shop", "tuesday", "db2"), self.NAMES, 0, 4) == "tuesday"
        with pytest.raises(Misunderstood, match="Did you mean tuesday"):
            chosen(self.meant("restore", "tuseday"), self.NAMES, 0, 4)

    def test_at_random_is_the_same_again_for_the_same_words_and_another_at_another_time(self) -> None:
        wish = self.meant("restore", "random")
        found = chosen(wish, self.NAMES, 0, 4)
        assert chosen(read_wish(wish.words), (*self.NAMES, "monday"), 0, 4) in (found, "monday")
        seeds = (replace(wish, seed=str(number)) for number in range(50))
        assert {chosen(seed, self.NAMES, 0, 4) for seed in seeds} == set(self.NAMES)

    def test_in_turn_one_in_four_is_an_older_one(self) -> None:
        wish = self.meant("restore", "in-turn")
        found = [chosen(wish, self.NAMES, turn, 4) for turn in range(8)]
        assert [one is None for one in found] == [True, True, True, False] * 2
        assert found[3] in self.NAMES[1:]
        assert chosen(wish, self.NAMES[:1], 3, 4) == "friday"
        assert chosen(wish, self.NAMES, 3, 0) is None

    def test_a_failover_drill_restores_nothing(self) -> None:
        with pytest.raises(Misunderstood, match="no cluster or server"):
            self.meant("failover", "tuesday")


class TestRowLimits:
    LIMITS = (RowLimit("app", "public", "orders", 10), RowLimit("app", "public", "jobs", 0, 5))

    def proof(self, *rows: str) -> Proof:
        lines = "".join(f"\n@rows app|public|{row}" for row in rows)
        return proof_of(parse_sections(f"@proved 3|2|9|none|42|app\n@checksums off|0{lines}", frozenset()), self.LIMITS)

    def test_within_them_it_holds(self) -> None:
        assert self.proof("orders|10", "jobs|5").holds

    def test_too_few_too_many_and_not_counted_are_each_no_proof(self) -> None:
        assert self.proof("orders|9", "jobs|6").out_of_limits == (
            "app.public.orders has 9 rows, at least 10 are wanted",
            "app.public.jobs has 6 rows, at most 5 are wanted",
        )
        assert self.proof("orders|none ERROR: no such table", "jobs|0").out_of_limits == (
            "app.public.orders could not be counted: ERROR: no such table",
        )
        assert self.proof("jobs|0").out_of_limits == ("app.public.orders could not be counted: no answer",)


def test_a_drill_of_another_kind_is_not_guessed(scene: Scene) -> None:
    with pytest.raises(Misunderstood, match="Which drill"):
        Drill().resolve(("fire",), scene.world)
