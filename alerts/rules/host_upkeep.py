"""What waits for an administrator: nobody is woken up for it."""

from alerts.dependencies import Layer
from alerts.probes.host_upkeep import FAILED_UNITS, REBOOT_WAITS
from alerts.rules.amounts import more_than, only_warns, too_much
from alerts.rules.rule import Rule
from ledger.alerts import Severity
from ledger.quantities import seconds_text

REBOOT = Rule(
    name="reboot",
    observes=(REBOOT_WAITS,),
    title="{cluster}: {subject} has waited long for a reboot",
    resolved_title="{cluster}: {subject} needs no reboot any more",
    judge=too_much(
        REBOOT_WAITS,
        lambda limits: only_warns(limits.reboot_waits),
        lambda waits: f"needed for {seconds_text(waits)}" if waits else "no reboot needed",
        seconds_text,
    ),
    hold=lambda _: 0.0,
    why="Security updates of the kernel or of libraries are installed and not in use.",
    mend="Reboot the standby first, then switch over (/ha switchover) and reboot the other one.",
    about=Layer.RESOURCES,
)

FAILED_UNITS_RULE = Rule(
    name="failed_units",
    observes=(FAILED_UNITS,),
    title="{cluster}: services have failed on {subject}",
    resolved_title="{cluster}: no service is failed on {subject}",
    judge=more_than(FAILED_UNITS, Severity.WARNING, lambda _: 0.0, lambda count: f"{count:g} failed", "no failed unit"),
    hold=lambda thresholds: thresholds.failed_units_for,
    why="systemd has given them up: a backup job, a log shipper or an update may not have run since.",
    mend="systemctl status and journalctl -u of each say why. What is mended: systemctl restart, or reset-failed.",
    about=Layer.RESOURCES,
)
