"""VACUUM keeps up: neither transaction ids nor multixacts run out, and nothing holds it back for long."""

from alerts.dependencies import Layer
from alerts.probes.ages import MULTIXACTS_USED, TRANSACTION_IDS_USED, XMIN_AGE
from alerts.rules.rule import Bad, Limits, Ok, Reading, Result, Rule, Unknown, above
from ledger.alerts import Severity
from ledger.quantities import share_text

_HYSTERESIS = 0.01


def _used(reading: Reading, observation: str) -> Result:
    used = reading.value(observation)
    if used is None:
        return Unknown()
    thresholds = reading.thresholds
    limits = Limits(thresholds.transaction_ids_warning, thresholds.transaction_ids_critical, _HYSTERESIS)
    severity = limits.severity(used, reading.firing)
    if severity is None:
        return Ok(f"{share_text(used)} used")
    limit = limits.critical if severity is Severity.CRITICAL else limits.warning
    return Bad(severity, f"{share_text(used)} used", f"below {share_text(limit)}", reading.evidence(observation))


TRANSACTION_IDS = Rule(
    name="transaction_ids",
    observes=(TRANSACTION_IDS_USED,),
    title="{cluster}: {subject} is running out of transaction ids",
    resolved_title="{cluster}: {subject} has enough transaction ids again",
    judge=lambda reading: _used(reading, TRANSACTION_IDS_USED),
    hold=lambda thresholds: 0.0,
    why="Shortly before they are used up PostgreSQL takes no more writes.",
    mend="Look what holds VACUUM back (old transactions, slots, prepared transactions), then run VACUUM (FREEZE) on "
    "the oldest tables of that database: ORDER BY age(relfrozenxid) DESC in pg_class.",
    about=Layer.INSIDE,
)

MULTIXACTS = Rule(
    name="multixacts",
    observes=(MULTIXACTS_USED,),
    title="{cluster}: {subject} is running out of multixacts",
    resolved_title="{cluster}: {subject} has enough multixacts again",
    judge=lambda reading: _used(reading, MULTIXACTS_USED),
    hold=lambda thresholds: 0.0,
    why="Shortly before they are used up PostgreSQL refuses to lock rows for several transactions at once.",
    mend="Run VACUUM (FREEZE) on the oldest tables of that database: ORDER BY mxid_age(relminmxid) DESC in pg_class.",
    about=Layer.INSIDE,
)

XMIN_HORIZON = Rule(
    name="xmin_horizon",
    observes=(XMIN_AGE,),
    title="{cluster}: something holds VACUUM back on {subject}",
    resolved_title="{cluster}: nothing holds VACUUM back on {subject} any more",
    judge=above(
        XMIN_AGE,
        lambda thresholds: thresholds.xmin_age,
        lambda value: f"{value / 1e6:.0f} million transactions",
    ),
    hold=lambda thresholds: thresholds.xmin_age_for,
    why="No row that died since then can be removed: tables grow, and transaction ids are used up.",
    mend="The evidence names what still needs them. End that session, drop a slot that nobody needs, or look for long "
    "queries on a standby with hot_standby_feedback.",
    about=Layer.INSIDE,
)
