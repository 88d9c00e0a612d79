"""The practice world for tests: `lab`, fresh for each, and `shared_lab`, one for a module whose tests only look."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future

import pytest

from lab.world import Lab, LabOptions


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """A fresh pair, for one test to do with as it likes."""
    async with Lab.start(LabOptions(base_backup=False)) as started:
        yield started


@pytest.fixture(scope="module")
def shared_lab() -> Iterator[Lab]:
    """One pair for a whole module. Look at it, connect to it, run commands on it, but break nothing.

    It runs on an event loop of its own, in a thread, so that tests on any loop can use it: `query`, `run`, the files
    and the ports. Faults, links and the write load belong to its own loop: use `lab` for these.
    """
    ready: Future[Lab] = Future()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def hold() -> None:
        try:
            async with Lab.start() as started:
                ready.set_result(started)
                await ended.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=loop.run_until_complete, args=(hold(),), name="shared lab")
    thread.start()
    try:
        yield ready.result(timeout=60)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=30)
        loop.close()
