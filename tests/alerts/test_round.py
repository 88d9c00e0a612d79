"""Whole rounds over a pair, in any order of what may befall it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.lifecycle import Change, Transition, held
from alerts.observation import Look
from alerts.round import Tracks, observe, play
from alerts.rules import RULES
from alerts.surroundings import Surroundings
from alerts.thresholds import Thresholds
from servers.lsn import Lsn
from servers.state import DiskUse
from servers.verdict import Verdict
from tests.alerts.looks import (
    CLUSTER,
    DB1,
    DB2,
    HOST,
    MIB,
    NOW,
    STANDBY_SQL,
    dark,
    failed_over,
    gone,
    look,
    nothing_known,
    primary_down,
    verdict,
)

LIMITS = Thresholds()
BY_NAME = {rule.name: rule for rule in RULES}
FULL = replace(HOST, disks=(DiskUse("/data", "/data", 100 * MIB, 95 * MIB, 5 * MIB),))


def lagging() -> Look:
    return look(DB1, replace(DB2, sql=replace(STANDBY_SQL, replay_lsn=Lsn(10 * MIB))))


def broken() -> Look:
    return look(DB1, replace(DB2, sql=replace(STANDBY_SQL, receiver=None)), verdict(Verdict.REPLICATION_BROKEN))


def standby_gone() -> Look:
    return look(DB1, gone(DB2), verdict(Verdict.STANDBY_DOWN))


def primary_dark() -> Look:
    return look(dark(DB1), DB2, verdict(Verdict.PRIMARY_DOWN, unknown=("db1",)))


def two_primaries() -> Look:
    return look(DB1, replace(DB2, sql=DB1.sql), verdict(Verdict.SPLIT_BRAIN))


def full_disk() -> Look:
    return look(replace(DB1, host=FULL))


LOOKS: tuple[Callable[[], Look], ...] = (
    look,
    primary_down,
    primary_dark,
    failed_over,
    nothing_known,
    lagging,
    broken,
    standby_gone,
    two_primaries,
    full_disk,
)


class Pair:
    """A pair that is looked at again and again."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        self.tracks: Tracks = {}
        self._ids = (f"A{number}" for number in count())

    def seen(self, at: Callable[[], Look], after: float, operation: str | None = None) -> tuple[Transition, ...]:
        self.now += timedelta(seconds=after)
        seen = at()
        backups = replace(seen.state, at=NOW)  # the backups do not age with the test
        outcome = play(
            CLUSTER,
            self.tracks,
            observe(replace(seen, state=backups)),
            self.now,
            LIMITS,
            Surroundings(operation=operation),
            lambda: next(self._ids),
        )
        self.tracks = outcome.tracks
        return outcome.transitions

    def firing(self) -> dict[str, list[str]]:
        """By rule, the messages in which its alerts are shown."""
        shown: dict[str, list[str]] = {}
        for (rule, _), track in self.tracks.items():
            if track.firing is not None:
                shown.setdefault(rule, []).append(track.firing.group)
        return shown


STEPS = st.lists(
    st.tuples(st.sampled_from(LOOKS), st.sampled_from([0.5, 2.0, 6.0, 31.0, 130.0])), min_size=1, max_size=25
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_whatever_befalls_a_pair(steps: list[tuple[Callable[[], Look], float]]) -> None:
    pair = Pair()
    for seen, after in steps:
        before = {track.firing.id for track in pair.tracks.values() if track.firing is not None}
        transitions = pair.seen(seen, after)
        if seen is nothing_known:
            assert not [each for each in transitions if each.change is Change.RESOLVED]
            assert before <= {track.firing.id for track in pair.tracks.values() if track.firing is not None}
        for each in transitions:
            _a_consequence_is_held_back_while_its_cause_fires(each, pair)
        assert len({(each.after.rule, each.after.subject) for each in transitions}) == len(transitions)
    _all_ends_well(pair)


def _a_consequence_is_held_back_while_its_cause_fires(each: Transition, pair: Pair) -> None:
    causes = [name for name in BY_NAME[each.after.rule].hidden_by if name in pair.firing()]
    if causes and each.change in (Change.FIRED, Change.FIRED_AGAIN, Change.RELEASED):
        assert held(each.after)


def _all_ends_well(pair: Pair) -> None:
    pair.seen(look, 200)
    pair.seen(look, 700)  # what has come and gone too often is to be well for a while
    assert pair.firing() == {}
    pair.seen(look, 1300)
    assert pair.tracks == {}


def test_replication_that_breaks_with_the_primary_is_its_consequence() -> None:
    pair = Pair()
    pair.seen(lagging, 1)
    pair.seen(lagging, 29)
    pair.seen(primary_down, 0.5)
    pair.seen(primary_down, 60)
    assert list(pair.firing()) == ["primary_down"]


def test_after_a_failover_the_old_primary_is_a_standby_that_is_down() -> None:
    pair = Pair()
    pair.seen(primary_down, 1, None)
    changes = [(each.after.rule, each.change) for each in pair.seen(failed_over, 10, "operation/7K3F")]
    assert changes == [("primary_down", Change.RESOLVED)]
    (fired,) = pair.seen(failed_over, 6, "operation/7K3F")
    assert (fired.after.rule, fired.after.subject, fired.after.group) == ("standby_down", "db1", "operation/7K3F")
    (released,) = pair.seen(failed_over, 6)
    assert (released.change, held(released.after)) == (Change.RELEASED, False)


def test_a_dark_server_that_is_down_is_not_also_told_to_be_dark() -> None:
    pair = Pair()
    pair.seen(primary_dark, 1)
    pair.seen(primary_dark, 31)
    ids = {track.firing.id for track in pair.tracks.values() if track.firing and track.firing.rule == "primary_down"}
    assert pair.firing()["cannot_see"] == [f"alert/{alert_id}" for alert_id in ids]
