"""Pictures of plots: a PNG of whatever was measured, with thresholds and gaps."""

import math
import struct
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from matplotlib.image import imread

from bot.plots.picture import CARD, COLOURS, picture
from bot.plots.plotter import Plotter
from ledger.page import Plot, PlotLimit, PlotLine, PlotMark, PlotPoint, Tone
from ledger.units import Unit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _line(label: str, *values: float | None) -> PlotLine:
    minutes = (NOON + timedelta(minutes=number) for number in range(len(values)))
    return PlotLine(label, tuple(PlotPoint(at, value) for at, value in zip(minutes, values, strict=True)))


def _plot(*lines: PlotLine, unit: Unit = Unit.BYTES, limits: tuple[PlotLimit, ...] = ()) -> Plot:
    return Plot("shop: replay lag", unit, NOON, NOON + timedelta(minutes=60), lines, limits, zone="Europe/Berlin")


def _columns_with(png: bytes, colour: str) -> set[int]:
    """The columns, in hundredths of the picture's width, that have a pixel of that colour."""
    wanted = _rgb(colour)
    pixels = imread(BytesIO(png))[:, :, :3].tolist()
    width = len(pixels[0])
    return {
        column * 100 // width
        for row in pixels
        for column, found in enumerate(row)
        if all(abs(one - other) < 0.02 for one, other in zip(found, wanted, strict=True))
    }


def _rgb(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def test_it_is_a_png_of_the_size_that_a_phone_shows() -> None:
    png = picture(_plot(_line("db2", *map(float, range(60)))))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (1000, 500)


def test_a_gap_is_left_open() -> None:
    values = [1e6] * 20 + [None] * 20 + [1e6] * 20
    drawn = _columns_with(picture(_plot(_line("db2", *values))), COLOURS[0])
    left, right = min(drawn), max(drawn)
    middle = range((left + right) // 2 - 8, (left + right) // 2 + 8)
    assert not drawn & set(middle)


def test_the_threshold_is_drawn_across_unless_it_is_far_above_everything() -> None:
    line = _line("db2", *[0.5e6] * 60)
    near = PlotLimit("at most 1.0 MB", 1e6, Tone.WARNING)
    far = PlotLimit("at most 1.0 GB", 1e9, Tone.WARNING)
    assert len(_columns_with(picture(_plot(line, limits=(near,))), "#f0c64a")) > 40
    assert not _columns_with(picture(_plot(line, limits=(far,))), "#f0c64a")


def test_the_card_is_not_transparent_for_light_and_dark_alike() -> None:
    pixels = imread(BytesIO(picture(_plot(_line("db2", 1.0)))))
    assert pixels[0, 0].tolist() == pytest.approx([*_rgb(CARD), 1.0])


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("values", [(), (None,), (0.0,), (-5.0, 3.0), (1e300, math.pi), (1e-12, 1e-12)])
def test_whatever_was_measured_is_drawn(unit: Unit, values: tuple[float | None, ...]) -> None:
    plot = _plot(*(_line(f"$\\frac{{1}}{{0}}$ {n}", *values) for n in range(9)), unit=unit)
    marked = Plot(plot.title, unit, plot.start, plot.end, plot.lines, marks=(PlotMark(NOON, "$x"),), zone="No/Where")
    assert picture(marked).startswith(b"\x89PNG")


async def test_what_cannot_be_drawn_is_none_and_no_error() -> None:
    plotter = Plotter()
    nothing = Plot("", Unit.COUNT, NOON, NOON, (_line("x", math.nan),))
    drawn = await plotter.png(nothing)
    assert drawn is None or drawn.startswith(b"\x89PNG")
    plotter.close()
    assert await plotter.png(nothing) is None
