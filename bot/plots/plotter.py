"""Draws pictures off the event loop, one at a time, each in time; the first one too, for it is drawn at the start."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import structlog

from ledger.page import Plot, PlotLine, PlotPoint
from ledger.units import Unit

WARM_AFTER = 20.0  # seconds; a start has more important things to do
PICTURE_SECONDS = 3.0  # for one; a sparkline stands in for what takes longer

log = structlog.get_logger(__name__)


class Plotter:
    """End with `close`. matplotlib is loaded in its thread, and only when the first picture is wanted."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plotter")

    async def warm(self) -> None:
        """Draws a first picture that nobody sees: loading matplotlib and its fonts takes a second or more."""
        await asyncio.sleep(WARM_AFTER)
        now = datetime.now(UTC)
        points = tuple(PlotPoint(now - timedelta(minutes=minute), float(minute)) for minute in (2, 1, 0))
        plot = Plot("", Unit.BYTES, now - timedelta(hours=1), now, (PlotLine("", points),))
        await asyncio.get_running_loop().run_in_executor(self._thread, _png, plot)

    async def png(self, plot: Plot) -> bytes | None:
        """The picture; None where it cannot be drawn, or not in time. Never raises but for cancellation."""
        try:
            async with asyncio.timeout(PICTURE_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._thread, _png, plot)
        except Exception as error:  # whatever a value did to a library: the numbers stand beside it
            log.warning("plotter.not_drawn", error=type(error).__name__)
            return None

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _png(plot: Plot) -> bytes:
    from bot.plots.picture import picture  # loads matplotlib, which a start must not wait for

    return picture(plot)
