"""Clocks that disagree, or that nothing keeps right."""

from alerts.dependencies import Layer
from alerts.probes.host_clocks import CLOCK_OFF, CLOCK_SYNCHRONISED
from alerts.rules.amounts import only_warns, too_much
from alerts.rules.rule import Rule, no
from ledger.alerts import Severity
from ledger.quantities import seconds_text

CLOCK = Rule(
    name="clock",
    observes=(CLOCK_OFF,),
    title="{cluster}: the clock of {subject} is wrong",
    resolved_title="{cluster}: the clock of {subject} is right again",
    judge=too_much(
        CLOCK_OFF, lambda limits: only_warns(limits.clock_off), lambda off: f"{seconds_text(off)} off", seconds_text
    ),
    hold=lambda thresholds: thresholds.clock_off_for,
    why="Times in logs, in data and for a restore to a moment are wrong by that much, and leases and certificates "
    "come to depend on luck.",
    mend="Look at its NTP client: chronyc tracking, or timedatectl timesync-status. PostgreSQL need not be stopped for "
    "it, but applications may mind a step.",
    about=Layer.RESOURCES,
)

CLOCK_UNSYNCHRONISED = Rule(
    name="clock_unsynchronised",
    observes=(CLOCK_SYNCHRONISED,),
    title="{cluster}: nothing keeps the clock of {subject} right",
    resolved_title="{cluster}: the clock of {subject} is kept right again",
    judge=no(CLOCK_SYNCHRONISED, Severity.WARNING, "not synchronised", "synchronised by NTP", "synchronised"),
    hold=lambda thresholds: thresholds.clock_unsynchronised_for,
    why="It is still right perhaps, and drifts by seconds a day.",
    mend="Start an NTP client there (chrony, systemd-timesyncd) and see whether it reaches its servers: UDP port 123.",
    about=Layer.RESOURCES,
    hidden_by_same=("clock",),
)
