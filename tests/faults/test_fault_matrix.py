"""Four cells of the fault matrix, as unlike each other as can be; `make faults` plays all of it."""

import pytest

from tests.faults.cell import Cell, Order
from tests.faults.matrix import STEPS, matrix
from tests.faults.play import play

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]


@pytest.mark.parametrize("cell", [cell for cell in matrix() if cell.quick], ids=lambda cell: cell.name)
async def test_whatever_breaks_nothing_promised_is_lost_and_there_is_one_primary(cell: Cell) -> None:
    result = await play(cell)
    assert result.problems == (), f"{result.end}: {result.told}"


def test_every_order_meets_the_death_of_the_bot_at_every_step() -> None:
    deaths = {(cell.order, cell.when.action) for cell in matrix() if cell.fault == "kill -9 bot"}
    assert deaths == {(order, step) for order in Order for step in STEPS[order]}
