"""`/ha disk [cluster] [server] [3h]`: how full the file systems were, and when they will be."""

from commands.plots.measure import Measure, Threshold
from commands.plots.view import PlotView
from ledger.page import Tone
from ledger.units import Unit

DISK = Measure(
    drawn=("disk_used", "host_disk_used"),
    title="disks",
    unit=Unit.SHARE,
    thresholds=(Threshold("disk_warning", "{value}"), Threshold("disk_critical", "{value}", Tone.CRITICAL)),
    beside=(("inodes_used", "inodes"),),
    named="bytes",
    full=1.0,
)


def disk() -> PlotView:
    """The view."""
    return PlotView("disk", DISK, "Disks over time, and when they will be full at this rate")
