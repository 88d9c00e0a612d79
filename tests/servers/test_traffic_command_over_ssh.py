"""A command that leads clients, on a host over real SSH: nothing that it is told is interpreted there."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.engines.engine import ActionFailed
from servers.traffic.command import CommandPlace, CommandTarget
from servers.traffic.target import Address, Move
from tests.servers.pair import Pair

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

MOVE = Move("shop", "db1", "db2")
TELL = ("sh", "-c", 'printf "%s" "$1$UNDERSTUDY_NEW_HOST"', "sh")


@pytest.fixture
def trap() -> Iterator[Path]:
    """A file that everybody may make, and nobody shall have made at the end."""
    file = Path(tempfile.gettempdir()) / f"understudy-trap-{secrets.token_hex(8)}"
    yield file
    assert not file.exists()


async def test_neither_arguments_nor_variables_are_interpreted(shared_pair: Pair, trap: Path) -> None:
    hostile = f"$(touch {trap})"
    addresses = {"db1": Address(hostile, 1), "db2": Address(f"'; touch {trap}; \"`touch {trap}`\n&", 2)}
    host = shared_pair.cluster.server("db1").ssh
    place = CommandPlace("site", redirect=(*TELL, hostile), addresses=addresses, host=host)
    site = CommandTarget(place, shared_pair.shells)
    assert (await site.redirect(MOVE, timeout=10)).output == f"{hostile}{addresses['db2'].host}"
    assert (await site.undo(MOVE, timeout=10)).output == f"{hostile}{addresses['db1'].host}"


async def test_one_that_does_not_end_there_gives_no_answer(shared_pair: Pair) -> None:
    host = shared_pair.cluster.server("db1").ssh
    addresses = {"db1": Address("10.0.0.1", 1), "db2": Address("10.0.0.2", 2)}
    slow = CommandTarget(CommandPlace("site", ("sleep", "20"), addresses, host), shared_pair.shells)
    with pytest.raises(ActionFailed, match="no answer over SSH within"):
        await slow.redirect(MOVE, timeout=0.5)
