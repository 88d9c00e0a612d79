"""As many synchronous standbys are there as commits wait for."""

from alerts.dependencies import Layer
from alerts.probes.synchronous_standbys import SYNCHRONOUS_STANDBYS_MISSING
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import count_text


def _judge(reading: Reading) -> Result:
    missing = reading.value(SYNCHRONOUS_STANDBYS_MISSING)
    if missing is None:
        return Unknown()
    if not missing:
        return Ok("all there")
    value = f"{count_text(int(missing), 'synchronous standby')} missing"
    evidence = reading.evidence(SYNCHRONOUS_STANDBYS_MISSING)
    return Bad(Severity.CRITICAL, value, "as many as synchronous_standby_names asks for", evidence)


SYNCHRONOUS_STANDBYS = Rule(
    name="synchronous_standbys",
    observes=(SYNCHRONOUS_STANDBYS_MISSING,),
    title="{cluster}: commits on {subject} wait for a synchronous standby",
    resolved_title="{cluster}: enough synchronous standbys are there again",
    judge=_judge,
    hold=lambda thresholds: thresholds.synchronous_standbys_for,
    why="Every commit waits until enough standbys confirm it: to the application the database hangs.",
    mend="Bring the standby back. If that takes long, ask for fewer on the primary (synchronous_standby_names, then a "
    "reload): from then on a failover may lose commits.",
    about=Layer.INSIDE,
    # Where a standby is known to be gone, its own alert is critical and says that commits wait.
    hidden_by=("standby_down", "replication_broken"),
    caused_by_operations=True,
)
