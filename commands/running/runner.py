"""Owns the operations that run in this process: starts them, lets people follow them, ends them in good order."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import structlog

from commands.command import Order
from commands.orders import Ready
from commands.running.astray import Astray
from commands.running.run import Run
from commands.world import World
from servers.state import ClusterState

SHUTDOWN_DEADLINE = 8.0  # seconds; the whole process has ten
LAST_WORDS = 1.0  # seconds for the record of a step that was left

_log = structlog.get_logger(__name__)


class Runner:
    """Runs each operation in a task of its own."""

    def __init__(self, world: World, orders: Mapping[str, Order]) -> None:
        self._world = world
        self._orders = orders
        self._runs: dict[str, tuple[Run, asyncio.Task[None]]] = {}
        self._expected: Counter[str] = Counter()
        self._expected_any = 0
        self._closed = False

    @contextmanager
    def expecting(self, operation_id: str) -> Iterator[None]:
        """While the operation may be started here any moment."""
        self._expected[operation_id] += 1
        try:
            yield
        finally:
            self._expected[operation_id] -= 1

    @contextmanager
    def expecting_any(self) -> Iterator[None]:
        """While an operation that has no id yet may be started here any moment."""
        self._expected_any += 1
        try:
            yield
        finally:
            self._expected_any -= 1

    def has(self, operation_id: str) -> bool:
        """Whether the operation runs here, or is about to."""
        return operation_id in self._runs or self._expected[operation_id] > 0 or self._expected_any > 0

    @property
    def running(self) -> frozenset[str]:
        """The ids of the operations that run here."""
        return frozenset(self._runs)

    def silences(self, cluster: str) -> bool:
        """Whether an operation that runs here has taken a server of the cluster down for the moment."""
        return any(run.silences(cluster) for run, _ in self._runs.values())

    def live(self, operation_id: str) -> str:
        """How far the running step of an operation is, by its own last word; '' where it runs elsewhere."""
        run, _ = self._runs.get(operation_id, (None, None))
        return run.live if run is not None else ""

    @property
    def closed(self) -> bool:
        """Whether a shutdown has begun: nothing new is started."""
        return self._closed

    def start(self, ready: Ready, looked: Awaitable[ClusterState]) -> None:
        """Runs the operation in the background. `looked` is the look that was begun at the last click."""
        run = Run(self._world, self._orders[ready.document.order], ready)
        self._begin(run, run.go(looked))

    def resume(self, ready: Ready, left_at: datetime, astray: Astray | None = None) -> None:
        """Carries on in the background what another process left at that moment; the lock is this one's by now.

        `astray`: the settings changed meanwhile, and nothing is done but to let go who waits.
        """
        run = Run(self._world, self._orders[ready.document.order], ready)
        self._begin(run, run.carry_on(left_at, astray))

    async def wait(self, operation_id: str) -> None:
        """Until the operation has ended, if it runs here. Cancelling the wait leaves it running."""
        _, task = self._runs.get(operation_id, (None, None))
        if task is not None:
            await asyncio.wait([task])

    async def shutdown(self, deadline: float = SHUTDOWN_DEADLINE) -> None:
        """Lets each running step finish, for at most `deadline` seconds, and records where each operation stopped."""
        self._closed = True
        for run, _ in self._runs.values():
            run.stop_soon()
        tasks = [task for _, task in self._runs.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=deadline)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=LAST_WORDS)

    def _begin(self, run: Run, work: Coroutine[None, None, None]) -> None:
        if self._closed:
            run.stop_soon()
        task = asyncio.create_task(work, name=f"operation {run.operation_id}")
        self._runs[run.operation_id] = (run, task)
        task.add_done_callback(lambda done: self._ended(run.operation_id, done))

    def _ended(self, operation_id: str, task: asyncio.Task[None]) -> None:
        self._runs.pop(operation_id, None)
        if not task.cancelled() and task.exception() is not None:
            # The ledger was lost in the middle: what stands there is found by the next `recover`.
            _log.error("an operation was left", operation=operation_id, exc_info=task.exception())
