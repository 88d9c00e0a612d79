"""What becomes of one alert: a table of the journey, and a machine that tries everything."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerts.lifecycle import Change, Finding, Track, Transition, acknowledge, advance, held, own_group, silence
from alerts.lifecycle.marks import still_on_it
from alerts.notices import Context, notice_of
from alerts.rules.availability import STANDBY_DOWN
from alerts.rules.rule import Bad, Ok, Result, Rule, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.silences import Silence
from ledger.who import Who
from tests.alerts.looks import NOW

ALICE, BOB = Who("U0ALICE", "Alice"), Who("U0BOB", "Bob")
WARNING = Bad(Severity.WARNING, "db2 does not run", "a running standby", ("seen",))
CRITICAL = replace(WARNING, severity=Severity.CRITICAL, value="db2 does not run, and commits wait")
WELL, DARK = Ok("yes"), Unknown()
LIMITS = Thresholds(
    standby_down_for=5,
    standby_critical_after=900,
    flap_window=120,
    operation_excuses_for=600,
    flap_firings=5,
    flap_within=1200,
    flap_calm=600,
    repeat_critical=900,
    repeat_warning=14_400,
    repeat_longest=86_400,
    acknowledged_critical_for=3600,
    acknowledged_warning_for=28_800,
    acknowledged_answer_within=600,
)
FALLEN = timedelta(hours=2)


class Story:
    """One alert's life, told step by step."""

    def __init__(self, rule: Rule = STANDBY_DOWN) -> None:
        self.rule = rule
        self.limits = LIMITS
        self.track = Track()
        self.silence: Silence | None = None
        self.working = False
        self.now = NOW
        self.changes: list[Change] = []
        self.transitions: list[Transition] = []
        self._ids = (f"A{number}" for number in count())

    def then(self, result: Result, after: float = 0.0, cause: str | None = None) -> "Story":
        """The result is found `after` seconds later."""
        self.now += timedelta(seconds=after)
        finding = Finding(self.rule, "shop", "db2", result, cause, self.silence, self.working)
        self.track, transition = advance(self.track, finding, self.now, self.limits, lambda: next(self._ids))
        return self._noted(transition)

    def at_work(self) -> "Story":
        self.working = True
        return self

    def pressed(self, change: Callable[[AlertRow], Transition | None]) -> "Story":
        assert self.track.alert is not None
        transition = change(self.track.alert)
        if transition is not None:
            self.track = replace(self.track, alert=transition.after)
        return self._noted(transition)

    def acknowledged(self, by: Who = ALICE) -> "Story":
        return self.pressed(lambda alert: acknowledge(alert, by, self.now))

    def answered(self, by: Who = ALICE) -> "Story":
        return self.pressed(lambda alert: still_on_it(alert, by, self.now))

    def silenced(self, seconds: float | None, by: Who = ALICE) -> "Story":
        return self.pressed(lambda alert: silence(alert, by, self.now, seconds))

    def _noted(self, transition: Transition | None) -> "Story":
        if transition is not None:
            self.transitions.append(transition)
            self.changes.append(transition.change)
        return self

    @property
    def alert(self) -> AlertRow:
        assert self.track.alert is not None
        return self.track.alert


def fired() -> Story:
    return Story().then(WARNING).then(WARNING, 5)


def test_it_fires_once_it_has_been_bad_for_long_enough() -> None:
    story = Story().then(WARNING).then(WARNING, 4.9)
    assert story.changes == []
    assert story.then(WARNING, 0.1).then(WARNING, 60).changes == [Change.FIRED]
    assert story.alert.since == NOW
    assert story.alert.state is AlertState.FIRING


def test_a_clock_that_is_set_back_while_it_is_pending_holds_it_up_no_longer_than_anew() -> None:
    assert Story().then(WARNING).then(WARNING, -3600).then(WARNING, 5).changes == [Change.FIRED]


def test_pending_that_goes_away_leaves_nothing() -> None:
    story = Story().then(WARNING).then(WELL, 3).then(WARNING, 3)
    assert story.changes == []
    assert story.then(WELL).track.empty


def test_it_resolves_on_data_and_never_for_want_of_them() -> None:
    story = fired().then(DARK, 3600)
    assert story.changes == [Change.FIRED]
    assert story.then(WELL, 1).changes == [Change.FIRED, Change.RESOLVED]
    assert story.alert.resolved_at == story.now


def test_with_keep_firing_for_it_resolves_only_once_it_has_been_well_for_so_long() -> None:
    keeps = replace(STANDBY_DOWN, keep=lambda _: 60.0)
    story = Story(keeps).then(WARNING).then(WARNING, 5).then(WELL, 1).then(WELL, 59).then(WARNING, 0.5)
    assert story.changes == [Change.FIRED]
    assert story.then(WELL, 1).then(DARK, 30).then(WELL, 29).changes == [Change.FIRED]
    assert story.then(WELL, 1).changes == [Change.FIRED, Change.RESOLVED]


def test_no_data_never_fire() -> None:
    assert Story().then(DARK).then(DARK, 3600).changes == []
    assert Story().then(WARNING).then(DARK, 3600).changes == []


def test_within_the_flap_window_it_is_the_same_alert_fired_again() -> None:
    story = fired().then(WELL, 60).then(WARNING, 60).then(WARNING, 5)
    assert story.changes == [Change.FIRED, Change.RESOLVED, Change.FIRED_AGAIN]
    assert story.alert.id == "A0"
    assert story.alert.resolved_at is None


def test_after_the_flap_window_it_is_a_new_one() -> None:
    story = fired().then(WELL, 60).then(WELL, 1200)
    assert story.track.empty
    assert story.then(WARNING).then(WARNING, 5).changes[-1] is Change.FIRED
    assert story.alert.id == "A1"


def test_a_worse_severity_is_a_change_and_so_is_a_better_one() -> None:
    story = fired().then(CRITICAL, 1).then(CRITICAL, 1).then(WARNING, 1)
    assert story.changes == [Change.FIRED, Change.ESCALATED, Change.EASED]
    assert {transition.after.id for transition in story.transitions} == {"A0"}


def test_a_warning_that_is_left_alone_becomes_critical() -> None:
    story = fired().then(WARNING, 899)
    assert story.changes == [Change.FIRED]
    assert story.then(WARNING, 1).then(WARNING, 60).changes == [Change.FIRED, Change.ESCALATED]


def test_a_warning_that_somebody_has_acknowledged_or_silenced_does_not() -> None:
    assert fired().acknowledged().then(WARNING, 3600).changes == [Change.FIRED, Change.ACKNOWLEDGED]
    assert fired().silenced(None).then(WARNING, 3600).changes == [Change.FIRED, Change.SILENCED]


def test_a_silence_ends_by_itself_and_only_then_may_it_escalate() -> None:
    story = fired().silenced(3600).then(WARNING, 3599)
    assert story.changes == [Change.FIRED, Change.SILENCED]
    story.then(WARNING, 1).then(WARNING, 1)
    assert story.changes[2:] == [Change.ESCALATED]
    story = fired().acknowledged().silenced(900).then(WARNING, 900)
    assert story.changes[-1] is Change.SILENCE_ENDED
    assert story.alert.silenced_by is None


def test_worse_data_break_the_silence_given_to_the_warning() -> None:
    story = fired().silenced(3600).then(CRITICAL, 10)
    assert story.changes[-1] is Change.ESCALATED
    assert not story.alert.silenced(story.now)


def test_the_first_acknowledgement_counts() -> None:
    story = fired().acknowledged(ALICE).acknowledged(BOB)
    assert story.changes == [Change.FIRED, Change.ACKNOWLEDGED]
    assert story.alert.acknowledged_by == ALICE


def test_a_longer_silence_replaces_a_shorter_one_only() -> None:
    story = fired().silenced(3600, ALICE).silenced(900, BOB)
    assert story.changes == [Change.FIRED, Change.SILENCED]
    assert story.silenced(None, BOB).silenced(3600, ALICE).changes == [Change.FIRED, Change.SILENCED, Change.SILENCED]
    assert story.alert.silenced_by == BOB


def test_a_resolved_alert_takes_no_marks() -> None:
    story = fired().then(WELL, 60)
    assert story.acknowledged().silenced(900).changes == [Change.FIRED, Change.RESOLVED]


def test_a_timed_silence_outlasts_resolution_an_acknowledgement_does_not() -> None:
    story = fired().acknowledged().silenced(3600).then(WELL, 60).then(WARNING, 600).then(WARNING, 5)
    assert story.changes[-1] is Change.FIRED_AGAIN
    assert story.alert.silenced(story.now)
    assert story.alert.acknowledged_by is None


def test_until_resolved_ends_with_resolution() -> None:
    story = fired().silenced(None).then(WELL, 60).then(WARNING, 10).then(WARNING, 5)
    assert story.changes[-1] is Change.FIRED_AGAIN
    assert not story.alert.silenced(story.now)


def test_a_consequence_is_held_back_and_released_when_it_outlives_its_cause() -> None:
    story = Story().then(WARNING).then(WARNING, 5, "alert/A9")
    assert story.changes == [Change.FIRED]
    assert held(story.alert)
    assert notice_of(story.transitions[-1], Context()) is None
    story.then(WARNING, 7200, "alert/A9")
    assert story.changes == [Change.FIRED]
    story.then(WARNING, 1)
    assert story.changes == [Change.FIRED, Change.RELEASED]
    notice = notice_of(story.transitions[-1], Context())
    assert notice is not None
    assert notice.card == "alert/A0"
    assert notice.lines == ()


def test_a_consequence_that_ends_with_its_cause_is_never_shown() -> None:
    story = Story().then(WARNING).then(WARNING, 5, "operation/7K3F").then(WELL, 20)
    assert story.changes == [Change.FIRED, Change.RESOLVED]
    assert [notice_of(transition, Context()) for transition in story.transitions] == [None, None]
    assert story.track.empty


def test_a_consequence_never_slips_into_a_message_that_people_are_done_with() -> None:
    story = fired().then(WELL, 60).then(WARNING, 10).then(WARNING, 5, "operation/7K3F")
    assert story.changes[-1] is Change.FIRED
    assert story.alert.id == "A1"
    story = fired().silenced(3600).then(WELL, 60).then(WARNING, 10).then(WARNING, 5, "operation/7K3F")
    assert story.alert.id == "A1"
    assert story.alert.silenced_by == ALICE


def test_without_data_it_is_not_released() -> None:
    story = Story().then(WARNING).then(WARNING, 5, "alert/A9").then(DARK, 60)
    assert story.changes == [Change.FIRED]


def test_an_operation_that_does_not_end_is_no_excuse_for_ever() -> None:
    story = Story().then(WARNING).then(WARNING, 5, "operation/7K3F").then(WARNING, 599, "operation/7K3F")
    assert story.changes == [Change.FIRED]
    assert story.then(WARNING, 1, "operation/7K3F").changes == [Change.FIRED, Change.RELEASED]


def test_what_nobody_takes_up_is_said_again_more_and_more_seldom() -> None:
    story = Story().then(CRITICAL).then(CRITICAL, 5)
    told = []
    for _ in range(24 * 60):
        before = len(story.changes)
        story.then(CRITICAL, 60)
        told += [story.now - NOW] * (len(story.changes) - before)
    minutes = [round(at.total_seconds() / 60) for at in told]
    assert minutes == [15, 45, 105, 225, 465, 945]
    assert set(story.changes[1:]) == {Change.REPEATED}
    assert story.alert.attention.called == 7


def test_a_warning_is_said_again_after_hours_and_calls_nobody_more() -> None:
    gentle = replace(STANDBY_DOWN, critical_after=None)
    story = Story(gentle).then(WARNING).then(WARNING, 5).then(WARNING, 14_399)
    assert story.changes == [Change.FIRED]
    assert story.then(WARNING, 1).changes == [Change.FIRED, Change.REPEATED]
    assert story.alert.attention.called == 1


def test_nobody_is_reminded_of_what_is_taken_up_silenced_explained_or_worked_on() -> None:
    def critical() -> Story:
        return Story().then(CRITICAL).then(CRITICAL, 5)

    assert Change.REPEATED not in critical().acknowledged().then(CRITICAL, 3000).changes
    assert Change.REPEATED not in critical().silenced(7200).then(CRITICAL, 3000).changes
    assert Change.REPEATED not in critical().then(CRITICAL, 3000, "operation/7K3F").changes
    assert Change.REPEATED not in critical().at_work().then(CRITICAL, 3000).changes
    assert Change.REPEATED in critical().then(DARK, 3000).changes  # what is not seen is not well


def test_with_a_pause_of_zero_it_is_said_once_and_never_again() -> None:
    for first in (WARNING, CRITICAL):
        story = Story()
        story.limits = replace(LIMITS, repeat_critical=0, repeat_warning=0, standby_critical_after=365 * 86_400)
        story.then(first).then(first, 5).then(first, 86_400).then(first, 90 * 86_400)
        assert story.changes == [Change.FIRED]


def test_who_acknowledged_is_asked_after_a_while_and_an_answer_gives_as_long_again() -> None:
    story = Story().then(CRITICAL).then(CRITICAL, 5).acknowledged(ALICE).then(CRITICAL, 3599)
    assert story.changes == [Change.FIRED, Change.ACKNOWLEDGED]
    story.then(CRITICAL, 1).then(CRITICAL, 500).answered(ALICE).then(CRITICAL, 3599)
    assert story.changes[2:] == [Change.ASKED, Change.STILL_ON_IT]
    assert story.alert.acknowledged_by == ALICE
    assert story.then(CRITICAL, 1).changes[-1] is Change.ASKED


def test_without_an_answer_it_is_nobodys_again_and_the_next_ones_are_called() -> None:
    story = Story().then(CRITICAL).then(CRITICAL, 5).acknowledged(ALICE).then(CRITICAL, 3600).then(CRITICAL, 600)
    assert story.changes[1:] == [Change.ACKNOWLEDGED, Change.ASKED, Change.LEFT]
    assert story.alert.acknowledged_by is None
    assert story.alert.attention.called == 2
    assert story.answered(ALICE).changes[-1] is Change.LEFT
    assert story.acknowledged(BOB).alert.acknowledged_by == BOB


def test_who_answers_for_somebody_else_takes_it_over() -> None:
    story = Story().then(CRITICAL).then(CRITICAL, 5).acknowledged(ALICE).then(CRITICAL, 3600).answered(BOB)
    assert story.alert.acknowledged_by == BOB


def comes_and_goes(times: int, every: float = 60.0) -> Story:
    story = Story(replace(STANDBY_DOWN, hold=lambda _: 0.0))
    for _ in range(times):
        story.then(WARNING, every / 2).then(WELL, every / 2)
    return story


def test_what_comes_and_goes_is_said_once_and_resolved_once_it_is_calm() -> None:
    story = comes_and_goes(4)
    assert story.changes == [Change.FIRED, *[Change.RESOLVED, Change.FIRED_AGAIN] * 3, Change.RESOLVED]
    story.then(WARNING, 30)
    assert story.changes[-1] is Change.FLAPPING
    for _ in range(10):
        story.then(WELL, 30).then(WARNING, 30)
    assert set(story.changes[9:]) == {Change.FLAPPED}
    assert story.alert.flapping.times == 15
    assert story.then(WELL, 30).then(WELL, 599).changes[-1] is Change.FLAPPED
    assert story.then(WELL, 1).changes[-1] is Change.RESOLVED
    assert story.then(WARNING, 30).changes[-1] is Change.FIRED_AGAIN  # and is counted anew


def test_it_is_also_seen_to_flap_when_each_time_was_another_message() -> None:
    story = comes_and_goes(4, every=280)  # well for longer than the flap window each time
    assert story.changes == [Change.FIRED, Change.RESOLVED] * 4
    story.then(WARNING, 140)
    assert story.changes[-1] is Change.FIRED
    assert story.alert.flapping.since is not None


def test_with_a_count_of_zero_nothing_is_said_to_flap() -> None:
    track, now = Track(), NOW
    for number in range(20):
        finding = Finding(replace(STANDBY_DOWN, hold=lambda _: 0.0), "shop", "db2", WELL if number % 2 else WARNING)
        now += timedelta(seconds=10)
        track, transition = advance(track, finding, now, replace(LIMITS, flap_firings=0), lambda: "A1")
        assert transition is not None
        assert transition.change in (Change.FIRED, Change.FIRED_AGAIN, Change.RESOLVED)


def silence_by_matcher(until: datetime) -> Silence:
    return Silence("S7K3F", "shop", None, None, "work on the rack", BOB, NOW, until)


def test_a_silence_by_matcher_silences_what_is_shown_and_ends_with_it() -> None:
    story = fired()
    story.silence = silence_by_matcher(NOW + timedelta(hours=1))
    story.then(WARNING, 1)
    assert story.changes == [Change.FIRED, Change.SILENCED]
    assert (story.alert.silenced_by, story.alert.silence_id) == (BOB, "S7K3F")
    story.silence = None  # somebody has ended it
    assert story.then(WARNING, 1).changes[-1] is Change.SILENCE_ENDED


class AnyLife(RuleBasedStateMachine):
    """Findings, presses and waits in any order; after each, what must always be true."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()

    @rule(
        result=st.sampled_from([WARNING, CRITICAL, WELL, DARK]),
        after=st.sampled_from([0.0, 1.0, 5.0, 60.0, 121.0, 601.0, 901.0, 3601.0]),
        cause=st.sampled_from([None, None, "alert/A9", "operation/7K3F"]),
    )
    def found(self, result: Result, after: float, cause: str | None) -> None:
        self._step(result, lambda: self.story.then(result, after, cause))

    @precondition(lambda self: self.story.track.alert is not None)
    @rule(by=st.sampled_from([ALICE, BOB]))
    def acknowledged(self, by: Who) -> None:
        self._step(None, lambda: self.story.acknowledged(by))

    @precondition(lambda self: self.story.track.alert is not None)
    @rule(by=st.sampled_from([ALICE, BOB]))
    def answered(self, by: Who) -> None:
        self._step(None, lambda: self.story.answered(by))

    @precondition(lambda self: self.story.track.alert is not None)
    @rule(by=st.sampled_from([ALICE, BOB]), seconds=st.sampled_from([900.0, 3600.0, None]))
    def silenced(self, by: Who, seconds: float | None) -> None:
        self._step(None, lambda: self.story.silenced(seconds, by))

    def _step(self, result: Result | None, act: Callable[[], object]) -> None:
        before, told = self.story.track.alert, len(self.story.transitions)
        act()
        new = self.story.transitions[told:]
        assert len(new) <= 1
        self._what_changed_is_told(before, new)
        for transition in new:
            self._it_is_told_rightly(transition, result)

    def _what_changed_is_told(self, before: AlertRow | None, new: list[Transition]) -> None:
        """No state change without a transition, and no transition without a state change."""
        after = self.story.track.alert
        if new:
            assert _state(new[0].before) != _state(new[0].after)
        elif after is not None:
            assert _state(before) == _state(after)
        else:
            assert before is None or before.state is AlertState.RESOLVED

    def _it_is_told_rightly(self, transition: Transition, result: Result | None) -> None:
        after, now = transition.after, transition.at
        if transition.change is Change.RESOLVED:
            assert isinstance(result, Ok)
        if transition.change in (Change.FIRED, Change.FIRED_AGAIN, Change.ESCALATED, Change.RELEASED):
            assert isinstance(result, Bad)
        notice = notice_of(transition, Context())
        assert (notice is None) == held(after)
        if notice is None:
            return
        assert notice.card == own_group(after.id)
        was_silent = transition.before is not None and transition.before.silenced(now)
        if was_silent and after.silenced(now) and transition.change is not Change.SILENCED:
            new = [line for line in notice.lines if not line.card.endswith("-asked")]  # an answer replaces a question
            assert new == []
        if any(line.broadcast for line in notice.lines):
            assert after.severity is Severity.CRITICAL
            assert not after.silenced(now)

    @invariant()
    def it_is_in_one_state(self) -> None:
        alert = self.story.track.alert
        if alert is None:
            return
        assert (alert.state is AlertState.RESOLVED) == (alert.resolved_at is not None)
        assert alert.fired_at is not None
        assert alert.since <= alert.fired_at
        if self.story.track.pending_since is not None:
            assert alert.state is AlertState.RESOLVED


def _state(alert: AlertRow | None) -> object:
    """What makes a change of state: everything but what was measured and when."""
    if alert is None:
        return None
    marks = (alert.acknowledged_by, alert.silenced_by, alert.silenced_until, alert.attention, alert.flapping)
    return (alert.id, alert.state, alert.severity, alert.group, *marks)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_a_clock_that_goes_backwards_harms_nothing() -> None:
    def at(moment: datetime, track: Track) -> tuple[Track, Transition | None]:
        finding = Finding(STANDBY_DOWN, "shop", "db2", WARNING)
        return advance(track, finding, moment, LIMITS, lambda: "A0")

    track, _ = at(NOW, Track())
    track, transition = at(NOW - FALLEN, track)
    assert transition is None
    track, transition = at(NOW + timedelta(seconds=5), track)
    assert transition is not None
