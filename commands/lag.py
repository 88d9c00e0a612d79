"""`/ha lag [cluster] [server] [3h]`: how far the standbys' replay was behind."""

from commands.plots.measure import Measure, Threshold
from commands.plots.view import PlotView
from ledger.units import Unit

LAG = Measure(
    drawn=("replay_lag_bytes",),
    title="replay lag",
    unit=Unit.BYTES,
    thresholds=(Threshold("replay_lag_bytes", "at most {value}"),),
    beside=(("replay_lag_seconds", "time"),),
    named="bytes",
)


def lag() -> PlotView:
    """The view."""
    return PlotView("lag", LAG, "Replay lag over time, as a plot and in numbers")
