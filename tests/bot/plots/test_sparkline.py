"""A plot in a line of characters."""

from datetime import UTC, datetime, timedelta

from bot.plots.sparkline import sparklines, spoken_plot
from ledger.page import Plot, PlotLine, PlotPoint
from ledger.units import Unit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _plot(*values: float | None) -> Plot:
    points = tuple(PlotPoint(NOON + timedelta(minutes=number), value) for number, value in enumerate(values))
    return Plot("shop: disk", Unit.SHARE, NOON, NOON + timedelta(minutes=len(values)), (PlotLine("db1 /", points),))


def test_it_rises_from_zero_and_says_between_what_it_lies() -> None:
    assert sparklines(_plot(0.0, 0.25, 0.5, 1.0), 4) == ["db1 /  ▁▃▅█  0 % to 100 %"]


def test_a_gap_is_a_blank_and_no_zero() -> None:
    assert sparklines(_plot(0.5, None, None, 0.5), 4) == ["db1 /  █  █  50 %"]


def test_with_room_to_spare_there_is_no_gap_where_there_is_none() -> None:
    assert sparklines(_plot(0.5, 0.5, 0.5), 40) == ["db1 /  ███  50 %"]


def test_of_several_values_in_a_character_the_most_is_shown() -> None:
    assert sparklines(_plot(0.0, 1.0, 0.0, 0.0), 2) == ["db1 /  █▁  0 % to 100 %"]


def test_nothing_known_is_said() -> None:
    assert sparklines(_plot(None, None), 2) == ["db1 /  nothing is known"]
    assert spoken_plot(_plot(None, None)) == ["shop: disk, db1 /: nothing is known"]
