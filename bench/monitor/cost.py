"""What one look at a server costs, beside one scrape of postgres_exporter, on the same pair.

Both reach the servers in the same way and are asked again and again without a pause. The first of each time is left
out: it connects. Statements are counted from the servers' logs, apart from what is timed. What the goal calls the same
facts is without the knock: that a server takes new connections, the exporter does not try.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import LiteralString

import aiohttp

from bench.figures import Figure
from bench.monitor.looking import looker
from bench.monitor.peers import EXPORTER, Peer, exporters, need
from bench.monitor.processes import cpu_seconds, server_cpu_seconds
from lab.ports import free_port
from lab.server import LabServer
from lab.world import Lab, LabOptions

SHARE_GOAL = 0.25
TIMES = 150
_COUNTED = 10
_RELOAD_SECONDS = 0.5
_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*):")
_OPTIONS = LabOptions(base_backup=False)
# Every 5 s and every 60 s; a knock every 10 s (servers.observe.KNOCK_EVERY). Prometheus's usual pace is 15 s.
_FAST_A_MINUTE, _KNOCKS_A_MINUTE, _USUAL_A_MINUTE = 12, 6, 4
_MINUTE, _MANY = f"a minute, {_FAST_A_MINUTE} fast looks, one slow", f"{_FAST_A_MINUTE} scrapes"
_SCRAPE, _LEAN = "a scrape", "a scrape, no settings"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one look at one server: milliseconds of processor time of who asks and of the server, of waiting, and SQL
    statements."""

    client: float
    server: float
    walls: tuple[float, ...]
    statements: float


# Asks so many times, and returns the milliseconds of processor time of who asked, and seconds of each time.
Ask = Callable[[int], Awaitable[tuple[float, tuple[float, ...]]]]


async def cost_of_a_look(times: int = TIMES) -> list[Figure]:
    """The looks, a knock, and the exporter's scrape with and without the settings. Raises PeerMissing."""
    need(EXPORTER)
    async with Lab.start(_OPTIONS) as lab:
        pair = tuple(lab.servers.values())
        settings = lab.write_settings(lab.directory / "bot", "http://127.0.0.1:1/")
        costs: dict[str, Cost] = {}
        for name, flags in ((_SCRAPE, ()), (_LEAN, ("--disable-settings-metrics",))):
            ports = {server.name: free_port() for server in pair}
            async with exporters(_conninfos(lab), ports, lab.directory, *flags) as peers:
                costs[name] = await _cost(pair, _scraped(tuple(peers.values())), times)
        async with looker(settings) as process:
            for kind in ("fast", "slow", "knock"):

                async def ask(number: int, kind: str = kind) -> tuple[float, tuple[float, ...]]:
                    took = await process.look(kind, number)
                    return took.cpu, took.walls

                costs[kind] = await _cost(pair, ask, times)
    return figures_of(costs)


def _conninfos(lab: Lab) -> dict[str, str]:
    """As the bot reaches the servers, and as the same role."""
    password = lab.passwords["understudy"]
    return {
        name: f"host={server.bot_sql[0]} port={server.bot_sql[1]} dbname=postgres user=understudy password={password} "
        "sslmode=disable"
        for name, server in lab.servers.items()
    }


def _scraped(peers: tuple[Peer, ...]) -> Ask:
    async def ask(times: int) -> tuple[float, tuple[float, ...]]:
        walls = []
        async with aiohttp.ClientSession() as session:
            before = sum(cpu_seconds(peer.pid) for peer in peers)
            for _ in range(times):
                began = time.perf_counter()
                for peer in peers:
                    async with session.get(f"{peer.url}/metrics") as answer:
                        await answer.read()
                walls.append((time.perf_counter() - began) / len(peers))
            return sum(cpu_seconds(peer.pid) for peer in peers) - before, tuple(walls)

    return ask


async def _cost(pair: tuple[LabServer, ...], ask: Ask, times: int) -> Cost:
    await ask(2)
    before = _used(pair)
    cpu, walls = await ask(times)
    used = _used(pair) - before
    one = 1000 / times / len(pair)
    return Cost(cpu * one, used * one, walls, await _statements(pair, ask))


def _used(pair: tuple[LabServer, ...]) -> float:
    return sum(server_cpu_seconds(pid) for server in pair if (pid := server.postmaster_pid()) is not None)


async def _statements(pair: tuple[LabServer, ...], ask: Ask) -> float:
    """SQL statements of one look at one server."""
    await _set_on_all(pair, "ALTER SYSTEM SET log_statement = 'all'")
    await ask(1)  # a session reads its configuration again before its next statement
    before = [server.paths.log.stat().st_size for server in pair]
    await ask(_COUNTED)
    said = [server.paths.log.read_bytes()[start:].decode() for server, start in zip(pair, before, strict=True)]
    await _set_on_all(pair, "ALTER SYSTEM RESET log_statement")
    return sum(len(_STATEMENT.findall(log)) for log in said) / len(pair) / _COUNTED


async def _set_on_all(pair: tuple[LabServer, ...], statement: LiteralString) -> None:
    for server in pair:
        await server.query(statement)
        await server.query("SELECT pg_reload_conf()")
    await asyncio.sleep(_RELOAD_SECONDS)


def figures_of(costs: dict[str, Cost]) -> list[Figure]:
    """Each look by itself, and what a minute of the bot's pace costs beside a minute of scrapes."""
    fast, slow, knock = costs["fast"], costs["slow"], costs["knock"]
    scrape, lean = costs[_SCRAPE], costs[_LEAN]
    minute = _sum((fast, _FAST_A_MINUTE), (slow, 1))
    knocking = _sum((minute, 1), (knock, _KNOCKS_A_MINUTE))
    return [
        _beside("fast look: CPU of the bot", fast.client, lean.client, _LEAN, SHARE_GOAL),
        _beside("fast look: CPU of the server", fast.server, lean.server, _LEAN, SHARE_GOAL),
        Figure("fast look: SQL", "statements", (fast.statements,), "median", 1, (lean.statements,), _LEAN),
        Figure("fast look: wall, both servers at once", "s", fast.walls, floor=lean.walls, floor_name=_LEAN),
        _beside("slow look: CPU of the bot", slow.client, scrape.client, _SCRAPE),
        _beside("slow look: CPU of the server", slow.server, scrape.server, _SCRAPE),
        Figure("slow look: SQL", "statements", (slow.statements,), floor=(scrape.statements,), floor_name=_SCRAPE),
        Figure("slow look: wall, both servers at once", "s", slow.walls, floor=scrape.walls, floor_name=_SCRAPE),
        Figure("a knock (a new connection): CPU of the bot", "ms", (knock.client,)),
        Figure("a knock (a new connection): CPU of the server", "ms", (knock.server,)),
        *_minutes("the bot", minute.client, scrape.client),
        *_minutes("the server", minute.server, scrape.server),
        _beside(f"{_MINUTE} and knocks: CPU of the server", knocking.server, _FAST_A_MINUTE * scrape.server, _MANY),
    ]


def _minutes(whose: str, ours: float, scrape: float) -> list[Figure]:
    """Beside scrapes at the same pace, which the goal is about, and at Prometheus's usual pace."""
    name = f"{_MINUTE}: CPU of {whose}"
    return [
        _beside(name, ours, _FAST_A_MINUTE * scrape, _MANY, SHARE_GOAL),
        _beside(name, ours, _USUAL_A_MINUTE * scrape, f"{_USUAL_A_MINUTE} scrapes"),
    ]


def _sum(*parts: tuple[Cost, int]) -> Cost:
    return Cost(
        sum(cost.client * times for cost, times in parts),
        sum(cost.server * times for cost, times in parts),
        (),
        sum(cost.statements * times for cost, times in parts),
    )


def _beside(name: str, ours: float, theirs: float, peer: str, share: float | None = None) -> Figure:
    goal = None if share is None else share * theirs
    return Figure(name, "ms", (ours,), goal=goal, floor=(theirs,), floor_name=peer)
