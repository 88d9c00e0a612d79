"""One practice pair for all tests of a module that leave it as they found it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.lab_fixtures import shared_lab
from tests.servers.pair import Pair, practice_pair

__all__ = ["mended_pair", "shared_lab", "shared_pair"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_pair() -> AsyncIterator[Pair]:
    async with practice_pair() as pair:
        yield pair


@pytest_asyncio.fixture(loop_scope="module")
async def mended_pair(shared_pair: Pair) -> AsyncIterator[Pair]:
    """Mended before each test, which also proves that what the test before did heals."""
    await shared_pair.mend()
    yield shared_pair
