"""Redis and Sentinel, real ones: what is seen of a master, a replica and a quorum, and what is seen without a right."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.sentinels import SentinelPlace, Sentinels, is_good
from servers.state import Outcome
from servers.watching.services.redis_connection import RedisAddress
from servers.watching.services.redis_sentinel import QUORUM, RedisSentinel, master_measures, rows
from servers.watching.services.redis_server import MEMORY, PERSISTENCE, REPLICATION, RedisServer, redis_seen
from servers.watching.services.view import UP, Seen, ServiceDown

WELL: dict[str, Any] = {
    "role": "master",
    "used_memory": 100,
    "maxmemory": 0,
    "maxmemory_policy": "noeviction",
    "rdb_last_bgsave_status": "ok",
    "aof_last_write_status": "ok",
    "aof_last_bgrewrite_status": "ok",
    "slave0": {"ip": "10.0.0.12", "port": 6379, "state": "online", "offset": 1, "lag": 0},
    "slave_read_only": 1,
}
REPLICA = {**WELL, "role": "slave", "master_host": "10.0.0.11", "master_port": 6379, "master_link_status": "up"}
LOST = {**REPLICA, "master_link_status": "down", "master_link_down_since_seconds": 42}


def values(seen: Seen) -> dict[str, float | None]:
    return {f"{one.name} {one.part}".strip(): one.value for one in seen.measures}


@pytest.mark.parametrize(
    ("info", "replicas", "expected"),
    [
        (WELL, 0, {PERSISTENCE: 1.0}),
        (WELL, 1, {REPLICATION: 1.0, PERSISTENCE: 1.0}),
        (WELL, 2, {REPLICATION: 0.0, PERSISTENCE: 1.0}),
        (REPLICA, 0, {REPLICATION: 1.0, PERSISTENCE: 1.0}),
        (LOST, 0, {REPLICATION: 0.0, PERSISTENCE: 1.0}),
        ({**WELL, "maxmemory": 125}, 0, {MEMORY: 0.8, PERSISTENCE: 1.0}),
        # A cache that makes room is full, and well.
        ({**WELL, "maxmemory": 100, "maxmemory_policy": "allkeys-lru"}, 0, {PERSISTENCE: 1.0}),
        ({**WELL, "rdb_last_bgsave_status": "err"}, 0, {PERSISTENCE: 0.0}),
        ({**WELL, "aof_last_write_status": "err"}, 0, {PERSISTENCE: 0.0}),
        ({"role": "master"}, 0, {PERSISTENCE: None}),
    ],
)
def test_what_info_says(info: dict[str, Any], replicas: int, expected: dict[str, float | None]) -> None:
    assert values(redis_seen(info, replicas=replicas)) == expected


def test_another_role_than_it_should_have_is_a_problem() -> None:
    assert redis_seen(WELL, "master").problems == ()
    assert redis_seen(REPLICA, "master").problems == ("it is a replica, but should be master",)
    assert redis_seen({}, "master").problems == ("it tells no role, but should be master",)


OK = "OK 3 usable Sentinels. Quorum and failover authorization can be reached"
NO = "NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified quorum for this master"


@pytest.mark.parametrize(
    ("flags", "quorum", "expected"),
    [
        ("master", OK, (1.0, 1.0)),
        ("s_down,master,disconnected", OK, (0.0, 1.0)),
        ("s_down,o_down,master", NO, (0.0, 0.0)),
    ],
)
def test_what_a_sentinel_says(flags: str, quorum: str, expected: tuple[float, float]) -> None:
    (row,) = rows([["name", "main", "ip", "10.0.0.11", "port", "6379", "flags", flags], 3])
    up, enough = master_measures(row, quorum)
    assert (up.value, enough.value) == expected


def test_an_answer_that_makes_no_sense_has_no_masters() -> None:
    assert rows("nonsense") == rows(None) == rows([1, "a"]) == []


@pytest.mark.parametrize(
    ("replica", "expected"),
    [
        ({"flags": "slave", "master-link-status": "ok", "slave-priority": "100"}, True),
        ({"flags": "slave", "master-link-status": "err", "slave-priority": "100"}, False),
        ({"flags": "s_down,slave", "master-link-status": "ok", "slave-priority": "100"}, False),
        ({"flags": "slave", "master-link-status": "ok", "slave-priority": "0"}, False),
    ],
)
def test_which_replica_sentinel_may_promote(replica: dict[str, str], expected: bool) -> None:
    assert is_good(replica) is expected


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def running(directory: Path, *arguments: str, configuration: str = "") -> AsyncIterator[int]:
    """A redis-server of our own; ends with its port free."""
    port = free_port()
    file = directory / f"{port}.conf"
    file.write_text(f"port {port}\nbind 127.0.0.1\ndir {directory}\n{configuration}\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        "redis-server", str(file), *arguments, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.kill()
        await process.wait()


async def until(look: Callable[[], Any], well: Callable[[Seen], bool]) -> Seen:
    async with asyncio.timeout(15):
        while True:
            try:
                seen: Seen = await look()
            except ServiceDown:
                await asyncio.sleep(0.05)
                continue
            if well(seen):
                return seen
            await asyncio.sleep(0.05)


@pytest.mark.lab
async def test_a_real_master_with_its_replica_and_its_sentinel(tmp_path: Path) -> None:
    secret = "requirepass hush\nmasterauth hush\nsave ''\nrepl-diskless-sync-delay 0"
    async with running(tmp_path, configuration=f"{secret}\nmaxmemory 1gb") as first:
        follows = f"{secret}\nreplicaof 127.0.0.1 {first}"
        async with running(tmp_path, configuration=follows) as second:
            master = RedisServer(RedisAddress("127.0.0.1", first, password="hush"), "master", 1)
            replica = RedisServer(RedisAddress("127.0.0.1", second, password="hush"), "replica")
            seen = await until(lambda: master.look(5), lambda one: values(one).get(REPLICATION) == 1.0)
            assert seen.problems == ()
            assert 0 < (values(seen)[MEMORY] or 0) < 0.1
            assert values(seen)[PERSISTENCE] == 1.0
            seen = await until(lambda: replica.look(5), lambda one: values(one).get(REPLICATION) == 1.0)
            assert seen.problems == ()
            for password in (None, "wrong"):
                with pytest.raises(ServerUnreachable) as unseen:
                    await RedisServer(RedisAddress("127.0.0.1", first, password=password)).look(5)
                assert unseen.value.outcome is Outcome.DENIED
            # Only now: a Sentinel asks a master for its replicas when it first meets it, and then every ten seconds.
            await _fail_over(tmp_path, first, second)
    with pytest.raises(ServiceDown, match="Connection refused"):
        await RedisServer(RedisAddress("127.0.0.1", first)).look(5)


async def _fail_over(directory: Path, first: int, second: int) -> None:
    monitor = (
        f"sentinel monitor main 127.0.0.1 {first} 1\nsentinel auth-pass main hush\n"
        "sentinel down-after-milliseconds main 5000"
    )
    async with running(directory, "--sentinel", configuration=monitor) as port:
        watch = RedisSentinel(RedisAddress("127.0.0.1", port), ("main", "other"))
        seen = await until(lambda: watch.look(5), lambda one: values(one).get(f"{QUORUM} main") == 1.0)
        assert values(seen) == {f"{UP} main": 1.0, f"{QUORUM} main": 1.0, f"{UP} other": 0.0}
        hands = Sentinels([SentinelPlace("redis", RedisAddress("127.0.0.1", port), ("main",), None, "hush")])
        async with asyncio.timeout(30):
            while not (before := await hands.look("main")).good:
                await asyncio.sleep(0.1)
        assert (before.address, before.good) == (f"127.0.0.1:{first}", (f"127.0.0.1:{second}",))
        assert await hands.moved("main", before.address) is None
        assert await hands.fail_over("main") == "OK"
        assert await hands.wait_moved("main", before.address, timeout=30) == f"127.0.0.1:{second}"
        with pytest.raises(ActionFailed, match="redis refuses for other"):
            await hands.look("other")
