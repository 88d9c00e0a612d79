"""When a restore was last practised, and whether the last one passed."""

from alerts.observation import Look, Observation, Unit, yes
from ledger.quantities import seconds_text

DRILL_AGE = "drill_age"
DRILL_PASSED = "drill_passed"


def drills(look: Look) -> tuple[Observation, ...]:
    """`drill_age` (seconds since a drill passed; where none ever did, since the oldest complete backup) and
    `drill_passed` (yes or no, of the last one that ended).

    Unknown where there was none, and nothing is known of the backups either.
    """
    if look.cluster.backups is None:
        return ()
    name = look.cluster.name
    age, evidence = _age(look)
    last = look.drills[0] if look.drills else None
    line = (f"operation {last.operation} on {last.at:%Y-%m-%d %H:%M} UTC",) if last else ()
    return (
        Observation(DRILL_AGE, name, age, Unit.SECONDS, evidence),
        Observation(DRILL_PASSED, name, yes(last.passed if last else None), Unit.YES_OR_NO, line),
    )


def _age(look: Look) -> tuple[float | None, tuple[str, ...]]:
    passed = next((one for one in look.drills if one.passed), None)
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
