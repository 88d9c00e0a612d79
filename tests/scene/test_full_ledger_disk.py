"""The ledger's disk fills up in the middle of a switchover, and the bot is told to end."""

import signal
from pathlib import Path

import pytest

from lab.errors import FaultNotAvailable
from lab.faults import FaultKind
from lab.stage import open_stage
from lab.world import LabOptions
from ledger.ledger import Ledger
from ledger.operations import OperationState
from ledger.steps import steps
from tests.faults.cell import When
from tests.faults.ledger_disk import fill_up, ledger_disk, make_room
from tests.faults.play import audit_is_whole, with_ledger_in
from tests.faults.watch import LedgerWatch
from tests.scene.play import request_promotion, wait_for_report

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

ENDS = frozenset({OperationState.SUCCEEDED.value, OperationState.FAILED.value})


async def test_it_ends_in_time_and_carries_the_order_to_its_end_once_there_is_room() -> None:
    try:
        with ledger_disk() as place:
            await _play(place)
    except FaultNotAvailable as error:
        pytest.skip(str(error))


async def _play(place: Path) -> None:
    ledger = place / "ledger.sqlite3"
    async with open_stage(LabOptions(base_backup=False), edit=lambda text: with_ledger_in(place, text)) as stage:
        watch = LedgerWatch(ledger)
        requested = await request_promotion(stage.slack, stage.slack.person("U0ALICE"))
        await stage.slack.person("U0BOB").press(requested.card, text="Approve")
        await watch.reached(requested.operation, When("stop"), timeout=30)
        await stage.lab.faults.apply(FaultKind.FREEZE, "db1")  # the stop does not end before the disk is full
        await fill_up(place)
        status = await stage.bot.stop()
        assert status != -signal.SIGKILL, "it had to be killed"
        await make_room(place)
        await stage.lab.faults.apply(FaultKind.THAW, "db1")

        # What is on disk tells all that was done: nothing was, past the last intent.
        async with await Ledger.open(ledger, create=False) as opened:
            intended = {record.action for record in await opened.read(lambda db: steps(db, requested.operation))}
        assert intended == {"checkpoint", "stop"}
        assert await stage.lab.servers["db2"].in_recovery()

        await stage.bot.start()
        assert await watch.ended(requested.operation, timeout=60, over=ENDS) in ENDS
        await wait_for_report(stage.slack, requested, "Switchover of shop", "Operation")
        assert await audit_is_whole(ledger)
