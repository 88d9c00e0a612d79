"""`/ha connections [cluster] [server] [3h]`: how many of the connections that ordinary roles may open were in use."""

from commands.plots.measure import Measure, Threshold
from commands.plots.view import PlotView
from ledger.page import Tone
from ledger.units import Unit

CONNECTIONS = Measure(
    drawn=("connections_used",),
    title="connections in use",
    unit=Unit.SHARE,
    thresholds=(
        Threshold("connections_warning", "{value}"),
        Threshold("connections_critical", "{value}", Tone.CRITICAL),
    ),
    beside=(
        ("connections_active", "active"),
        ("connections_idle", "idle"),
        ("connections_idle_in_transaction", "idle in transaction"),
    ),
    named="in use",
)


def connections() -> PlotView:
    """The view."""
    return PlotView("connections", CONNECTIONS, "Connections in use over time, against what may be opened")
