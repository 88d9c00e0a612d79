"""What runs out: disk space and connections."""

from alerts.dependencies import Layer
from alerts.probes.connections import CONNECTIONS_USED
from alerts.probes.disks import DISK_USED
from alerts.rules.rule import Bad, Limits, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import share_text


def _judge(reading: Reading, observation: str, limits: Limits) -> Result:
    used = reading.value(observation)
    if used is None:
        return Unknown()
    severity = limits.severity(used, reading.firing)
    if severity is None:
        return Ok(f"{share_text(used)} used")
    limit = limits.critical if severity is Severity.CRITICAL else limits.warning
    return Bad(severity, f"{share_text(used)} used", f"below {share_text(limit)}", reading.evidence(observation))


def _disk(reading: Reading) -> Result:
    limits = reading.thresholds
    return _judge(reading, DISK_USED, Limits(limits.disk_warning, limits.disk_critical, limits.disk_hysteresis))


def _connections(reading: Reading) -> Result:
    limits = reading.thresholds
    bounds = Limits(limits.connections_warning, limits.connections_critical, limits.connections_hysteresis)
    return _judge(reading, CONNECTIONS_USED, bounds)


DISK = Rule(
    name="disk",
    observes=(DISK_USED,),
    title="{cluster}: disk {subject} is filling up",
    resolved_title="{cluster}: disk {subject} has room again",
    judge=_disk,
    hold=lambda thresholds: thresholds.disk_for,
    why="PostgreSQL stops when it cannot write WAL.",
    mend="Look for WAL kept for a slot or a failing archive, for logs and for temporary files. Never delete in pg_wal.",
    about=Layer.RESOURCES,
)

CONNECTIONS = Rule(
    name="connections",
    observes=(CONNECTIONS_USED,),
    title="{cluster}: {subject} is running out of connections",
    resolved_title="{cluster}: {subject} has free connections again",
    judge=_connections,
    hold=lambda thresholds: thresholds.connections_for,
    why="At the limit, the application gets errors instead of connections.",
    mend="Look for idle connections (pg_stat_activity by state and application) and at the pool sizes.",
    about=Layer.INSIDE,
)
