"""When a restore, and a switchover, were last practised, and whether the last one passed."""

from collections.abc import Sequence

from alerts.observation import Look, Observation, Unit, yes
from ledger.drills import Drill
from ledger.quantities import seconds_text

DRILL_AGE, DRILL_PASSED = "drill_age", "drill_passed"
FULL_DRILL_AGE, FULL_DRILL_PASSED = "full_drill_age", "full_drill_passed"


def drills(look: Look) -> tuple[Observation, ...]:
    """`drill_age` (seconds since a drill that restored passed; where none ever did, since the oldest complete backup)
    and `drill_passed` (yes or no, of the last one that ended); `full_drill_…` are the same of drills that switched
    over, a failover drill among them: the restore has its own.

    Unknown where there was none, and nothing is known of the backups either.
    """
    if look.cluster.backups is None:
        return ()
    return (
        *_observations(look, look.drills, DRILL_AGE, DRILL_PASSED),
        *_observations(look, look.failover_drills, FULL_DRILL_AGE, FULL_DRILL_PASSED),
    )


def _observations(look: Look, held: Sequence[Drill], age_of: str, passed_of: str) -> tuple[Observation, Observation]:
    name = look.cluster.name
    age, evidence = _age(look, held)
    last = held[0] if held else None
    line = (f"operation {last.operation} on {last.at:%Y-%m-%d %H:%M} UTC",) if last else ()
    return (
        Observation(age_of, name, age, Unit.SECONDS, evidence),
        Observation(passed_of, name, yes(last.passed if last else None), Unit.YES_OR_NO, line),
    )


def _age(look: Look, held: Sequence[Drill]) -> tuple[float | None, tuple[str, ...]]:
    passed = next((one for one in held if one.passed), None)
    if passed is not None:
        age = max(0.0, (look.state.at - passed.at).total_seconds())
        return age, (f"operation {passed.operation} passed {seconds_text(age)} ago",)
    found = look.state.backups
    if found is None or not found.answer.ok:
        return None, ()
    oldest = min((one.finished_at for one in found.backups if one.finished_at is not None), default=None)
    if oldest is None:
        return None, ()
    age = max(0.0, (look.state.at - oldest).total_seconds())
    return age, (f"none has ever passed; the oldest backup is {seconds_text(age)} old",)
