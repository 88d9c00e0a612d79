"""How an operation goes on whose process ended in the middle: with its next step, back, or not at all. Pure.

Who decides here has looked: the step that was under way was asked whether it is done, the steps before it whether they
still hold, and the world whether the next step may begin in it.

The best end is to go on, for that is what people approved. Where the world does not allow it, what was done is taken
back, as after a step that failed. After the point of no return, or after a long time, nothing is done that people do
not ask for anew: it stops, and says where.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from commands.command import Action
from commands.plan import Plan
from commands.running.astray import Astray
from ledger.operations import OperationState
from ledger.page import Moment, Note
from ledger.steps import Direction, StepRecord, StepStatus

# A supervisor brings the bot back within seconds, a rebooted machine within minutes. After a quarter of an hour people
# have looked at the servers themselves, and would be surprised by a promotion that nobody is waiting for any more.
LONGEST_PAUSE = timedelta(minutes=15)

# A step that a process did not survive twice will not be survived the next time.
MOST_ATTEMPTS = 3

_DONE = (StepStatus.SUCCEEDED, StepStatus.FOUND_DONE)
_WENT_WRONG = (StepStatus.FAILED, StepStatus.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class GoOn:
    """Do this step (counted from 0) and those after it. The number of steps: nothing is left to do."""

    index: int


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take back what was done, and end in that state. `line` says why. `only_held`: only let go those who wait."""

    state: OperationState
    line: str
    only_held: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Touch nothing more. `line` says why."""

    line: str
    state: OperationState = OperationState.INTERRUPTED


Decision = GoOn | TakeBack | Stop


@dataclass(frozen=True, slots=True)
class Left:
    """An operation as it was left. Each of its records has its status by now.

    `astray`: the settings changed meanwhile. Then all that is done is to let go who waits, where nothing changed.
    """

    plan: Plan
    actions: Mapping[str, Action]
    records: Sequence[StepRecord]
    left_at: datetime
    cancelled_by: str | None = None
    astray: Astray | None = None

    @property
    def next_index(self) -> int:
        """The first step that is still to be done; the number of steps when none is."""
        done = {one.index for one in self.records if self.is_behind(one)}
        return next((index for index in range(len(self.plan.steps)) if index not in done), len(self.plan.steps))

    def is_behind(self, record: StepRecord) -> bool:
        """Whether that attempt was the last one that its step needed."""
        passed_over = self.actions[record.action].may_fail and record.status in _WENT_WRONG
        return record.direction is Direction.DO and (record.status in _DONE or passed_over)

    @property
    def last_final(self) -> int:
        """The last step of no return that may be passed: once it was tried, nobody can be sure that it was not. -1:
        none was."""
        tried = (one for one in self.records if one.direction is Direction.DO and self.actions[one.action].final)
        return max((one.index for one in tried), default=-1)

    @property
    def must_hold_from(self) -> int:
        """The first step after the last point of no return that is behind: what came before it led up to that."""
        finals = (index for index in range(self.next_index) if self.actions[self.plan.steps[index].action].final)
        return max(finals, default=-1) + 1

    @property
    def final_tried(self) -> bool:
        return self.last_final >= 0

    @property
    def final_ahead(self) -> bool:
        """Whether the point of no return is still to come, or to come again."""
        return any(self.actions[step.action].final for step in self.plan.steps[self.next_index :])

    @property
    def undoable(self) -> tuple[int, ...]:
        """The steps to take back, the last one first: tried, and not yet taken back."""
        tried = {one.index for one in self.records if one.direction is Direction.DO}
        undone = {one.index for one in self.records if one.direction is Direction.UNDO and one.status in _DONE}
        done = {one.index for one in self.records if one.direction is Direction.DO and one.status in _DONE}
        due = to_take_back(self.plan, self.actions, tried - undone, done, after=self.last_final)
        return tuple(index for index in reversed(due) if self.astray is None or self._is_let_go(self.astray, index))

    @property
    def stranded(self) -> tuple[str, ...]:
        """Where clients may wait whom Understudy cannot let go, because the settings lead elsewhere."""
        if self.astray is None:
            return ()
        held = (index for index in replace(self, astray=None).undoable if self._holds(index))
        steps = (self.plan.steps[index] for index in held if index not in self.undoable)
        return tuple(step.server for step in steps)

    def _is_let_go(self, astray: Astray, index: int) -> bool:
        return self._holds(index) and astray.leaves(self.plan, self.plan.steps[index])

    def _holds(self, index: int) -> bool:
        return self.actions[self.plan.steps[index].action].until is not None

    @property
    def waits_for_a_job(self) -> bool:
        """Whether the last step only waited for what goes on by itself: that it began hours ago is no surprise."""
        last = self.records[-1] if self.records else None
        return last is not None and last.direction is Direction.DO and self.actions[last.action].lasting

    @property
    def undoing(self) -> bool:
        return any(one.direction is Direction.UNDO for one in self.records)


def to_take_back(
    plan: Plan, actions: Mapping[str, Action], tried: Iterable[int], done: Iterable[int], *, after: int
) -> tuple[int, ...]:
    """Which of the tried steps are to be taken back when the operation ends now, in the order of the plan.

    Up to the last step of no return that was tried (`after`, -1: none), only what somebody suffers from until it is
    ended (`Action.until`).
    """
    ended = {(plan.steps[index].action, plan.steps[index].server) for index in done}

    def is_due(index: int) -> bool:
        action = actions[plan.steps[index].action]
        if action.undo is None:
            return False
        if action.until is None:
            return index > after
        return (action.until, plan.steps[index].server) not in ended

    return tuple(index for index in sorted(tried) if is_due(index))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found. `no_longer` is the first earlier step that does not hold any more; `obstacle` says in a
    sentence what speaks against beginning the next step."""

    no_longer: int | None = None
    obstacle: str | None = None


def too_long_ago(left_at: datetime, now: datetime) -> str | None:
    """In a sentence, that an operation was left too long ago to go on by itself. A clock that was set back counts."""
    if abs(now - left_at) <= LONGEST_PAUSE:
        return None
    return f"It was left at {left_at:%Y-%m-%d %H:%M:%S} UTC, too long ago to go on by itself."


def decide(left: Left, seen: Seen, now: datetime) -> Decision:
    """What becomes of it."""
    if left.astray is not None:
        line = astray_line(left, left.astray)
        held = TakeBack(OperationState.FAILED, line, only_held=True)
        return held if left.undoable else Stop(line, OperationState.FAILED)
    old = None if left.waits_for_a_job else too_long_ago(left.left_at, now)
    if old is not None:
        # People have taken over by now; but whoever was made to wait by us is not left to it.
        waits = any(left._holds(index) for index in left.undoable)
        return TakeBack(OperationState.INTERRUPTED, old, only_held=True) if waits else Stop(old)
    if left.undoing or _failed(left) is not None:
        return _give_up(left, _why(left))
    if left.cancelled_by is not None and not left.final_tried:
        return TakeBack(OperationState.CANCELLED, _why(left))
    obstacle = _obstacle(left, seen)
    if obstacle is None:
        return GoOn(left.next_index)
    if seen.no_longer in left.undoable:
        return Stop(obstacle)  # somebody has taken it back already: nothing of ours is left there
    return _give_up(left, obstacle)


def astray_line(left: Left, astray: Astray) -> str:
    """Why nothing more is done, and who has to let go those whom Understudy cannot."""
    if not left.stranded:
        return astray.line
    where = " and ".join(left.stranded)
    by_hand = "for PgBouncer, RESUME on its admin console; for a command, its release"
    return f"{astray.line} Clients may wait at {where}: let them go by hand there ({by_hand})."


def restarts(plan: Plan, records: Sequence[StepRecord]) -> tuple[Note, ...]:
    """A line for each time that a step was found on the servers as another process had left it."""
    found = (one for one in records if one.status in _FOUND and one.finished_at is not None)
    return tuple(
        Note(("Understudy was restarted ", Moment(one.finished_at or one.intended_at), f"; {_found(plan, one)}."))
        for one in found
    )


_FOUND: Mapping[StepStatus, str] = {
    StepStatus.FOUND_DONE: "was found done",
    StepStatus.FOUND_UNDONE: "was found not done",
    StepStatus.UNKNOWN: "was under way, and whether it was done cannot be told",
}


def _found(plan: Plan, record: StepRecord) -> str:
    status = record.status
    what = f"step {record.index + 1} ({plan.steps[record.index].title})"
    if record.direction is Direction.UNDO:
        return f"it was taking back {what}, and does that again"
    return f"{what} {_FOUND[status] if status is not None else 'runs'}"


def _obstacle(left: Left, seen: Seen) -> str | None:
    if seen.no_longer is not None:
        title = left.plan.steps[seen.no_longer].title
        return f"Understudy broke off, and step {seen.no_longer + 1} ({title}) does not hold any more."
    index = left.next_index
    if index == len(left.plan.steps):
        return None
    step = left.plan.steps[index]
    where = f"Understudy broke off at step {index + 1} ({step.title})."
    tries = [one for one in left.records if one.direction is Direction.DO and one.index == index]
    if tries and tries[-1].status is StepStatus.UNKNOWN and not left.actions[step.action].repeatable:
        return f"{where} Whether it was done cannot be told, and it may not be done twice."
    if len(tries) >= MOST_ATTEMPTS and not left.actions[step.action].lasting:
        return f"{where} It was begun {len(tries)} times, and is not tried again."
    return None if seen.obstacle is None else f"{where} It does not go on: {seen.obstacle}"


def _failed(left: Left) -> StepRecord | None:
    did = [one for one in left.records if one.direction is Direction.DO]
    went_wrong = bool(did) and did[-1].status in _WENT_WRONG and not left.is_behind(did[-1])
    return did[-1] if went_wrong else None


def _why(left: Left) -> str:
    """Why it is taken back, as it was when that began."""
    failed = _failed(left)
    if failed is not None:
        title = left.plan.steps[failed.index].title
        return f"Step {failed.index + 1} ({title}) failed: {(failed.detail or str(failed.status)).rstrip('.')}."
    if left.cancelled_by is not None:
        return f"{left.cancelled_by} cancelled it."
    return "Understudy broke off while it took back what it had done."


def _give_up(left: Left, line: str) -> Decision:
    undos = [one.index for one in left.records if one.direction is Direction.UNDO]
    if undos.count(undos[-1] if undos else -1) >= MOST_ATTEMPTS:
        return Stop(f"{line} Taking it back was begun {MOST_ATTEMPTS} times, and is not tried again.")
    if not left.undoable and not left.undoing:
        return Stop(line, OperationState.FAILED if _failed(left) is not None else OperationState.INTERRUPTED)
    cancelled = left.cancelled_by is not None and _failed(left) is None
    return TakeBack(OperationState.CANCELLED if cancelled else OperationState.FAILED, line)
