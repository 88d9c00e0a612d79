"""The report card of a drill. Pure."""

from collections.abc import Mapping
from datetime import datetime

from commands.drilling.actions import BEGAN_BEAT, BEGAN_LSN, CHECKED, HEARTBEAT, PROVEN
from commands.drilling.drill_plan import CHOSEN, VERIFIED
from commands.drilling.failover_report import failover_rows, what_next
from commands.drilling.judging import at_most, measured
from commands.drilling.probe_actions import ROAD, SWITCHES
from commands.drilling.trend import HISTORY, in_a_line, plot_of, read_history
from commands.plan import Conclusion, Plan
from commands.restoring.actions import LSN
from commands.restoring.report import last_transaction
from ledger.drills import FAILOVER_DRILL, FULL_DRILL, OUTAGE, RESTORE_DRILL, RESTORING, RPO, RTO, SWITCHING
from ledger.page import Plot
from ledger.quantities import seconds_text


def conclude(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    lines = {
        RESTORE_DRILL: "{restored}.",
        FAILOVER_DRILL: "{switched}.",
        FULL_DRILL: "{restored}; then {switched}.",
    }
    how = dict(plan.facts).get(CHOSEN, "")
    restored = f"A backup of {plan.cluster} ({how}) was restored, proven and dropped again"
    switched = f"{plan.target} was the primary of {plan.cluster} for a moment, and {plan.source} is again"
    line = lines[plan.kind].format(restored=restored, switched=switched)
    return Conclusion(line, _rows(plan, found), _looks(plan), _plots(plan, found), _file(plan))


def so_far(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """Of one that failed: nothing before anything was measured."""
    look = what_next(plan, found) if plan.kind in SWITCHING else (f"Look: /ha status {plan.cluster}",)
    again = f"Once that is mended, drill again: /ha drill {plan.kind.removesuffix(' drill')} {plan.cluster}"
    rows = _rows(plan, found) if {RTO, ROAD} & found.keys() else ()
    return Conclusion("", rows, (*look, again), _plots(plan, found), _file(plan))


def _file(plan: Plan) -> str:
    return f"{plan.kind.replace(' ', '-')}-{plan.cluster}.md"


def _plots(plan: Plan, found: Mapping[str, str]) -> tuple[Plot, ...]:
    """Minutes of a restore and seconds of an outage are drawn apart."""
    switched = plot_of(plan.cluster, {**found, HISTORY: found.get(SWITCHES, "[]")}, (OUTAGE,))
    restored = plot_of(plan.cluster, found, (RTO, RPO)) if plan.kind in RESTORING else ()
    return (*restored, *switched) if plan.kind in SWITCHING else restored


def _rows(plan: Plan, found: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    restored = restore_rows(plan, found) if plan.kind in RESTORING else ()
    return (*restored, *failover_rows(plan, found)) if plan.kind in SWITCHING else restored


def _looks(plan: Plan) -> tuple[str, ...]:
    backups = (f"What can be restored now: /ha backups {plan.cluster}",) if plan.kind in RESTORING else ()
    return (*backups, f"Look: /ha status {plan.cluster}") if plan.kind in SWITCHING else backups


def restore_rows(plan: Plan, found: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What a restore measured and proved, as far as it came."""
    facts = dict(plan.facts)
    return (
        ("RTO", measured(found, RTO) if RTO in found else f"not known{at_most(found, RTO)}"),
        ("RPO", f"{_rpo(found)}{at_most(found, RPO)}"),
        ("RPO measured by", _measured_by(found)),
        ("Backup", f"{facts[VERIFIED]} ({facts[CHOSEN]})"),
        ("Replayed up to", found.get(LSN, "not known")),
        ("Last transaction", last_transaction(found)),
        ("Proven", found.get(PROVEN, "not known")),
        ("Indexes", found.get(CHECKED, "not known")),
        ("RTO of those before, newest first", in_a_line(read_history(found), RTO) or "this is the first"),
    )


def _rpo(found: Mapping[str, str]) -> str:
    if RPO not in found:
        return "not known"
    value = float(found[RPO])
    if value == 0 and (BEGAN_LSN in found or HEARTBEAT in found):
        return "nothing would have been lost"
    return seconds_text(value) if HEARTBEAT in found else f"at most {seconds_text(value)}"


def _measured_by(found: Mapping[str, str]) -> str:
    """The heartbeat says what is missing; the last transaction only bounds it, for nobody may have written since."""
    if HEARTBEAT in found:
        last = datetime.fromisoformat(found[HEARTBEAT])
        return f"the heartbeat: the last that came back is of {last:%Y-%m-%d %H:%M:%S} UTC"
    if BEGAN_BEAT in found:
        return "the last transaction: no heartbeat came back"
    return "the last transaction: there is no heartbeat" if RPO in found else "not measured"
