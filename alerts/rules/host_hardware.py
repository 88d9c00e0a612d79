"""Disks that fail: a RAID without its redundancy, a drive that says so itself."""

from alerts.dependencies import Layer
from alerts.probes.host_hardware import ARRAYS_DEGRADED, DRIVES_FAILING
from alerts.rules.amounts import more_than
from alerts.rules.rule import Rule
from ledger.alerts import Severity

RAID = Rule(
    name="raid",
    observes=(ARRAYS_DEGRADED,),
    title="{cluster}: a RAID of {subject} is degraded",
    resolved_title="{cluster}: every RAID of {subject} is whole again",
    judge=more_than(
        ARRAYS_DEGRADED, Severity.WARNING, lambda _: 0.0, lambda count: f"{count:g} degraded", "all are whole"
    ),
    hold=lambda _: 0.0,
    critical_after=lambda thresholds: thresholds.raid_critical_after,
    why="The next disk that fails may take the data on this host with it.",
    mend="mdadm --detail of that array names the disk. Replace it and add the new one (mdadm --add); a rebuild that "
    "runs is shown above.",
    about=Layer.RESOURCES,
)

DRIVES = Rule(
    name="drives",
    observes=(DRIVES_FAILING,),
    title="{cluster}: a drive of {subject} says that it is failing",
    resolved_title="{cluster}: no drive of {subject} says that it is failing",
    judge=more_than(
        DRIVES_FAILING, Severity.WARNING, lambda _: 0.0, lambda count: f"{count:g} failing", "every drive has passed"
    ),
    hold=lambda _: 0.0,
    critical_after=lambda thresholds: thresholds.drives_critical_after,
    why="A drive that fails its own test (SMART) is often gone within days.",
    mend="smartctl -a of that drive says more. Replace it while there still is another copy.",
    about=Layer.RESOURCES,
)
