"""The report card of a drill. Pure."""

from collections.abc import Mapping

from commands.drilling.actions import BEFORE, BEGAN_LSN, CHECKED, PROVEN, took
from commands.plan import Conclusion, Plan
from commands.restoring.actions import LSN
from commands.restoring.report import last_transaction
from ledger.drills import RPO, RTO

RTO_WANTED, RPO_WANTED = 3600.0, 900.0  # seconds: what the estate promises


def conclude(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    rto, rpo = _number(found, RTO), _number(found, RPO)
    missed = [
        name
        for name, value, wanted in (("RTO", rto, RTO_WANTED), ("RPO", rpo, RPO_WANTED))
        if value is not None and value > wanted
    ]
    rows = (
        ("RTO", f"{took(found, RTO)} until everything was proven (at most 1 h)"),
        ("RPO", f"{_rpo(found)} (at most 15 min)"),
        ("Backup", dict(plan.facts)["verified backup"]),
        ("Replayed up to", found.get(LSN, "not known")),
        ("Last transaction", last_transaction(found)),
        ("Proven", found.get(PROVEN, "not known")),
        ("Indexes", found.get(CHECKED, "not known")),
        ("RTO of those before, newest first", found.get(BEFORE) or "this is the first"),
    )
    line = f"The newest backup of {plan.cluster} was restored, proven and dropped again."
    if missed:
        line = f"{line} It took longer than promised: {' and '.join(missed)} missed."
    return Conclusion(line, rows, (f"What can be restored now: /ha backups {plan.cluster}",))


def _rpo(found: Mapping[str, str]) -> str:
    value = _number(found, RPO)
    if value == 0 and BEGAN_LSN in found:
        return "nothing would have been lost"
    return f"at most {took(found, RPO)}" if value is not None else "not known"


def _number(found: Mapping[str, str], name: str) -> float | None:
    return float(found[name]) if name in found else None
