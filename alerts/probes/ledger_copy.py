"""The ledger's own copy off site: for how long what is in the ledger has not been there."""

from alerts.itself import OwnState
from alerts.observation import Observation, Unit
from ledger.quantities import seconds_text

LEDGER_COPY_LATE = "ledger_copy_late"


def ledger_copy(state: OwnState) -> tuple[Observation, ...]:
    """`ledger_copy_late`: seconds since all of the ledger was off site. Nothing where it is not to be there."""
    copies = state.copies
    if copies is None:
        return ()
    late = max(0.0, (state.at - (copies.copied_at or copies.since)).total_seconds())
    since = "was last off site" if copies.copied_at else "is not off site, and Understudy began"
    evidence = (f"the ledger {since} {seconds_text(late)} ago", *((copies.problem,) if copies.problem else ()))
    return (Observation(LEDGER_COPY_LATE, "ledger", late, Unit.SECONDS, evidence),)
