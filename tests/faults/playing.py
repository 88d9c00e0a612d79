"""Plays many cells, some at once: each in a process of its own, so that they do not hold each other up."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from lab.errors import FaultNotAvailable
from tests.faults.cell import BROKEN, LEFT_OUT, Cell, Result
from tests.faults.kept import from_line, to_line
from tests.faults.matrix import matrix
from tests.faults.play import play

_CELL_SECONDS = 420.0  # whatever hangs: the run goes on, and the cell is shown as broken off


def play_each(cells: Sequence[Cell], at_once: int) -> Iterator[Result]:
    """Results as they come; each cell has one, whatever becomes of it."""
    named = {cell.name: cell for cell in cells}
    processes = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=processes, max_tasks_per_child=1) as pool:
        for playing in as_completed([pool.submit(_played, cell.name) for cell in cells]):
            yield from_line(named, playing.result())


def _played(name: str) -> str:
    """In the other process, which has the cells by their names: what a cell does cannot be sent there."""
    cell = next(cell for cell in matrix() if cell.name == name)
    return to_line(asyncio.run(_result(cell)))


async def _result(cell: Cell) -> Result:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_CELL_SECONDS):
            return await play(cell)
    except FaultNotAvailable as error:
        end, why = LEFT_OUT, str(error)
    except Exception as error:
        end, why = BROKEN, f"{type(error).__name__}: {error}"
    return Result.without_an_end(cell, end, why, time.monotonic() - began)
