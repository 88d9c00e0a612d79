"""The quick half of the fault matrix; `make faults` plays all of it."""

import pytest

from tests.faults.cell import Cell, Order
from tests.faults.matrix import matrix
from tests.faults.play import play

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]


@pytest.mark.parametrize("cell", [cell for cell in matrix() if cell.quick], ids=lambda cell: cell.name)
async def test_whatever_breaks_nothing_promised_is_lost_and_there_is_one_primary(cell: Cell) -> None:
    result = await play(cell)
    assert result.problems == (), f"{result.end}: {result.told}"


def test_every_order_meets_the_death_of_the_bot_at_every_step() -> None:
    deaths = {(cell.order, cell.when.step) for cell in matrix() if cell.fault == "kill -9 bot"}
    assert {order for order, _ in deaths} == set(Order)
    assert all(steps == set(range(1, len(steps) + 1)) for order in Order for steps in [_steps(deaths, order)])


def _steps(deaths: set[tuple[Order, int]], order: Order) -> set[int]:
    return {step for one, step in deaths if one is order}
