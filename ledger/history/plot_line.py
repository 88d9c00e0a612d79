"""A recorded series as a line of a plot."""

from ledger.history.series import Series
from ledger.page import PlotLine, PlotPoint


def line_of(series: Series, label: str = "") -> PlotLine:
    """Its means, with what lay around them; gaps stay gaps. `label`: the subject, unless it is given."""
    return PlotLine(
        label or series.subject,
        tuple(
            PlotPoint(at, None) if one is None else PlotPoint(at, one.mean, one.minimum, one.maximum)
            for at, one in series.points()
        ),
    )
