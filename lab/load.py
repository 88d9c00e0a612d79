"""The write load: rows written at a rate by real clients, and the proof of which of them survived."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from psycopg.conninfo import make_conninfo

from lab.errors import LabError
from lab.load_client import AcknowledgedRow, LoadClient, Outcomes
from lab.server import LabServer
from lab.standby_watch import StandbyWatch

_SURVIVORS = "SELECT sequence FROM load_row WHERE run = %s"
_LAST_ROW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of a load's rows, as one server knows them.

    `acknowledged` rows were confirmed to the client; of these `survived` are there and `lost` are not. `lost_received`
    are those of `lost` that a standby had received while it was one: there must never be any. `in_doubt` were sent
    without an answer, so that both is right; `refused` were turned down by the server's own word.
    `longest_outage_seconds` is the longest time without an acknowledged row.
    """

    run: str
    server: str
    running: bool
    seconds: float
    acknowledged: int
    survived: int
    lost: tuple[int, ...]
    lost_received: tuple[int, ...]
    in_doubt: int
    in_doubt_survived: int
    refused: int
    longest_outage_seconds: float
    first_error: str | None
    last_error: str | None

    def lines(self) -> list[str]:
        """The report for people."""
        lines = [
            f"{self.acknowledged} rows acknowledged in {self.seconds:.1f} s; longest time without one "
            f"{self.longest_outage_seconds:.2f} s",
            f"{self.survived} of them are on {self.server}, {len(self.lost)} are lost, "
            f"{len(self.lost_received)} of these although a standby had received them",
            f"{self.in_doubt} in doubt ({self.in_doubt_survived} of them are there), {self.refused} refused",
        ]
        if self.first_error is not None:
            lines.append(f"first error: {self.first_error}")
            lines.append(f"last error: {self.last_error}")
        return lines


class WriteLoad:
    """Off until `start`; one run at a time."""

    def __init__(self, servers: Sequence[LabServer], password: str, directory: Path) -> None:
        self._servers = {server.name: server for server in servers}
        self._password = password
        self._directory = directory
        self._run: _Run | None = None

    @property
    def running(self) -> bool:
        return self._run is not None and self._run.running

    def acknowledged(self) -> Sequence[AcknowledgedRow]:
        """Every row of this or the last run that was acknowledged, in that order."""
        return self._need_run().outcomes.acknowledged

    async def start(self, rate: float = 100.0, connections: int = 2) -> None:
        """Write `rate` rows a second over `connections` connections. LabError when a load runs already."""
        if self.running:
            raise LabError("a write load runs already; stop it first")
        if not (0 < rate <= 20_000 and 1 <= connections <= 40):
            raise LabError("a write load needs a rate of 1 to 20000 rows a second and 1 to 40 connections")
        self._directory.mkdir(mode=0o700, exist_ok=True)
        name = secrets.token_hex(4)
        file = (self._directory / f"{name}.acknowledged").open("a", buffering=1, encoding="utf-8")
        self._run = _Run(name, tuple(self._servers.values()), self._conninfo(), connections / rate, connections, file)

    async def stop(self) -> None:
        """Stop writing; nothing happens when no load runs."""
        if self._run is not None:
            await self._run.stop()

    async def wait_for_rows(self, count: int, timeout: float = 30.0) -> None:
        """Wait until so many rows were acknowledged since the start. TimeoutError when that takes too long."""
        outcomes = self._need_run().outcomes
        async with asyncio.timeout(timeout):
            while len(outcomes.acknowledged) < count:
                outcomes.more.clear()
                await outcomes.more.wait()

    async def survivors(self, server: str) -> LoadReport:
        """Compare what was acknowledged with what is on a server now. LabError without a run; psycopg.Error."""
        run = self._need_run()
        if server not in self._servers:
            raise LabError(f"there is no server {server!r}")
        acknowledged, in_doubt = tuple(run.outcomes.acknowledged), tuple(run.outcomes.in_doubt)
        rows = await self._servers[server].query(_SURVIVORS, (run.name,), database="app")
        there = {sequence for (sequence,) in rows}
        lost = [row for row in acknowledged if row.sequence not in there]
        now = run.ended_at or time.monotonic()
        return LoadReport(
            run=run.name,
            server=server,
            running=run.running,
            seconds=now - run.outcomes.began,
            acknowledged=len(acknowledged),
            survived=len(acknowledged) - len(lost),
            lost=tuple(sorted(row.sequence for row in lost)),
            lost_received=tuple(sorted(row.sequence for row in lost if run.watch.had_received(row))),
            in_doubt=len(in_doubt),
            in_doubt_survived=sum(sequence in there for sequence in in_doubt),
            refused=len(run.outcomes.refused),
            longest_outage_seconds=run.outcomes.gap_until(now),
            first_error=run.outcomes.first_error,
            last_error=run.outcomes.last_error,
        )

    async def stop_and_report(self, server: str) -> LoadReport:
        """Stop writing, and compare with what is on a server."""
        await self.stop()
        return await self.survivors(server)

    def status(self) -> str:
        """One line: whether a load runs, and what became of its rows so far."""
        if self._run is None:
            return "off"
        outcomes = self._run.outcomes
        counts = f"{len(outcomes.acknowledged)} rows acknowledged, {len(outcomes.in_doubt)} in doubt"
        if not self.running:
            return f"off; {counts}"
        silent = time.monotonic() - (outcomes.acknowledged[-1].at if outcomes.acknowledged else outcomes.began)
        return f"on; {counts}" + (f"; none for {silent:.1f} s" if silent > 1 else "")

    def _need_run(self) -> "_Run":
        if self._run is None:
            raise LabError("no write load was started yet")
        return self._run

    def _conninfo(self) -> str:
        servers = self._servers.values()
        return make_conninfo(
            host=",".join(server.client_sql[0] for server in servers),
            port=",".join(str(server.client_sql[1]) for server in servers),
            dbname="app",
            user="app",
            password=self._password,
            target_session_attrs="read-write",
            connect_timeout=2,
            application_name="write load",
        )


class _Run:
    """One load from its start to its stop."""

    def __init__(
        self,
        name: str,
        servers: Sequence[LabServer],
        conninfo: str,
        interval: float,
        connections: int,
        file: TextIOWrapper,
    ) -> None:
        self.name = name
        self.outcomes = Outcomes(self._write_down)
        self.watch = StandbyWatch(servers)
        self.ended_at: float | None = None
        self._file = file
        self._clients = [LoadClient(lambda: conninfo, name, interval, self.outcomes) for _ in range(connections)]
        self._tasks = [asyncio.create_task(client.run()) for client in self._clients]
        self._watching = asyncio.create_task(self.watch.run())

    @property
    def running(self) -> bool:
        return self.ended_at is None

    async def stop(self) -> None:
        if self.ended_at is not None:
            return
        self.ended_at = time.monotonic()
        for client in self._clients:
            client.stop()
        try:
            await asyncio.wait(self._tasks, timeout=_LAST_ROW_SECONDS)
        finally:
            everything = (*self._tasks, self._watching)
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
            self._file.close()

    def _write_down(self, row: AcknowledgedRow) -> None:
        self._file.write(f"{row.sequence} {row.server} {row.timeline} {time.time():.6f}\n")
