"""The report card of a failover drill, and where things stand when its way back failed. Pure."""

from collections.abc import Mapping

from commands.drilling.judging import at_most
from commands.drilling.legs import BACK as ON_THE_WAY_BACK
from commands.drilling.probe_actions import ACKNOWLEDGED, BACK, ROAD, SWITCHES, THERE
from commands.drilling.trend import HISTORY, in_a_line, read_history
from commands.plan import Plan
from commands.promotion.actions import TIMELINE, WRITES_ACCEPTED
from ledger.drills import OUTAGE, Drill
from ledger.quantities import seconds_text


def failover_rows(plan: Plan, found: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What the probe noticed, as far as it came."""
    limit = at_most(found, OUTAGE)
    return (
        (f"Outage {plan.source} → {plan.target}", f"{_seconds(found, THERE)}{limit}"),
        (f"Outage {plan.target} → {plan.source}", f"{_seconds(found, BACK)}{limit}"),
        ("Lost", f"none of {found[ACKNOWLEDGED]} acknowledged rows" if ACKNOWLEDGED in found else "not known"),
        ("Outage of those before, newest first", in_a_line(_before(found), OUTAGE) or "this is the first"),
        ("Measured", f"by a client that wrote and read every 50 ms, through {found.get(ROAD, 'nothing yet')}"),
    )


def _before(found: Mapping[str, str]) -> tuple[Drill, ...]:
    return read_history({HISTORY: found.get(SWITCHES, "[]")})


def went_there(found: Mapping[str, str]) -> bool:
    """Whether the first switchover came as far as its promotion."""
    return TIMELINE in found or WRITES_ACCEPTED in found


def came_back(found: Mapping[str, str]) -> bool:
    return any(f"{ON_THE_WAY_BACK}{name}" in found for name in (TIMELINE, WRITES_ACCEPTED))


def what_next(plan: Plan, found: Mapping[str, str]) -> tuple[str, ...]:
    """Of a drill that failed. Where only the way there was made, its end is the order that must be given back."""
    look = f"Look: /ha status {plan.cluster}"
    if not went_there(found) or came_back(found):
        return (look,)
    again = f"Back to the old order, once the pair is healthy: /ha promote {plan.cluster} {plan.source}"
    return f"The order was not given back: see which server is the primary now. {look}", again


def _seconds(found: Mapping[str, str], name: str) -> str:
    return seconds_text(float(found[name])) if name in found else "not known"
