"""A cluster's Redis Sentinels, as an order needs them: which master there is, who could follow it, and its failover.

https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/, "Sentinel commands".
Everything raises ActionFailed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from redis.exceptions import ResponseError

from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.watching.services.redis_connection import Asker, RedisAddress, connected
from servers.watching.services.redis_sentinel import quorum_of, rows
from servers.watching.services.view import ServiceDown

T = TypeVar("T")

LOOK = 5.0  # seconds for one Sentinel
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class SentinelPlace:
    """One Sentinel. `user` and `password` are those with which a Redis itself is asked for its role."""

    name: str
    address: RedisAddress
    masters: tuple[str, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MasterSeen:
    """A master as a Sentinel sees it. `good`: the replicas, as host:port, of which Sentinel may choose one.

    `quorum` is CKQUORUM's answer.
    """

    sentinel: str
    address: str
    flags: tuple[str, ...]
    good: tuple[str, ...]
    quorum: str

    @property
    def in_progress(self) -> bool:
        return "failover_in_progress" in self.flags


Question = Callable[[Asker, SentinelPlace], Awaitable[T]]


class SentinelHands(Protocol):
    """What `/ha sentinel` needs of the outside world."""

    @property
    def masters(self) -> tuple[str, ...]: ...

    async def look(self, master: str) -> MasterSeen: ...

    async def fail_over(self, master: str) -> str: ...

    async def wait_moved(self, master: str, before: str, *, timeout: float) -> str: ...

    async def moved(self, master: str, before: str) -> str | None: ...


class Sentinels:
    """The Sentinels of a cluster; the first one that answers is asked."""

    def __init__(self, places: Sequence[SentinelPlace]) -> None:
        self._places = tuple(places)

    @property
    def masters(self) -> tuple[str, ...]:
        """Those that the settings name."""
        return tuple(dict.fromkeys(master for place in self._places for master in place.masters))

    async def look(self, master: str) -> MasterSeen:
        """ActionFailed where no Sentinel answers, or it knows no such master."""

        async def asked(sentinel: Asker, place: SentinelPlace) -> MasterSeen:
            row = dict(_pairs(await sentinel.ask("SENTINEL", "MASTER", master)))
            replicas = rows(await sentinel.ask("SENTINEL", "REPLICAS", master))
            good = tuple(_address(one) for one in replicas if is_good(one))
            flags = tuple(row.get("flags", "").split(","))
            return MasterSeen(place.name, _address(row), flags, good, await quorum_of(sentinel, master))

        return await self._first(master, asked)

    async def fail_over(self, master: str) -> str:
        """Sentinel's answer. It is sent to one Sentinel only, and once."""

        async def asked(sentinel: Asker, _: SentinelPlace) -> str:
            return str(await sentinel.ask("SENTINEL", "FAILOVER", master))

        seen = await self.look(master)
        (place,) = (one for one in self._places if one.name == seen.sentinel)
        return await self._of(place, master, asked)

    async def moved(self, master: str, before: str) -> str | None:
        """The new master's address, once it is another than before and says itself that it is a master; else None."""
        seen = await self.look(master)
        if seen.address == before or seen.in_progress:
            return None
        (place,) = (one for one in self._places if one.name == seen.sentinel)
        host, _, port = seen.address.rpartition(":")
        address = RedisAddress(host, int(port), place.user, place.password, place.address.tls, place.address.ca_file)
        role = await _role(address)
        return seen.address if role == "master" else None

    async def wait_moved(self, master: str, before: str, *, timeout: float) -> str:
        """The same, waited for so many seconds. ActionFailed says what was seen last."""
        last = f"Sentinel still names {before}"
        try:
            async with asyncio.timeout(timeout):
                while True:
                    try:
                        new = await self.moved(master, before)
                    except ActionFailed as error:
                        last, new = str(error), None
                    if new is not None:
                        return new
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            mend = "Look at the Sentinels' log, and at SENTINEL MASTER there"
            raise ActionFailed(f"{master} has no new master after {timeout:g} s: {last}. {mend}") from None

    async def _first(self, master: str, asked: Question[T]) -> T:
        problems = []
        for place in self._places:
            try:
                return await self._of(place, master, asked)
            except ActionFailed as error:
                problems.append(str(error))
        raise ActionFailed("; ".join(problems) or "the settings name no Sentinel")

    async def _of(self, place: SentinelPlace, master: str, asked: Question[T]) -> T:
        async def all_of_it() -> T:
            async with connected(place.address, LOOK) as sentinel:
                try:
                    return await asked(sentinel, place)
                except ResponseError as refused:
                    raise ActionFailed(f"{place.name} refuses for {master}: {refused}") from None

        try:
            async with asyncio.timeout(2 * LOOK):
                return await all_of_it()
        except (ServiceDown, ServerUnreachable) as error:
            raise ActionFailed(f"{place.name}: {error}") from None
        except TimeoutError:
            raise ActionFailed(f"{place.name}: no end of its answer within {2 * LOOK:g} s") from None


async def _role(address: RedisAddress) -> str:
    """By ROLE, of the server itself: "master", "slave" or "sentinel"."""
    try:
        async with connected(address, LOOK) as redis:
            answer = await redis.ask("ROLE")
    except (ServiceDown, ServerUnreachable) as error:
        raise ActionFailed(f"the new master {address.host}:{address.port}: {error}") from None
    return str(answer[0]) if isinstance(answer, list) and answer else ""


def is_good(replica: Mapping[str, str]) -> bool:
    """Whether Sentinel may promote it: it is reached, its link was up, and its priority is not 0.

    Sentinel's own choice (sentinelSelectSlave) looks at the age of its answers besides.
    """
    flags = set(replica.get("flags", "").split(","))
    wrong = flags & {"s_down", "o_down", "disconnected"}
    return not wrong and replica.get("master-link-status") == "ok" and replica.get("slave-priority") != "0"


def _address(row: Mapping[str, str]) -> str:
    return f"{row.get('ip')}:{row.get('port')}"


def _pairs(answer: Any) -> dict[str, str]:
    """One thing's names and values: redis-py reads it as a table, or leaves it a list."""
    if isinstance(answer, Mapping):
        return {str(key): str(value) for key, value in answer.items()}
    found = rows([answer])
    return found[0] if found else {}
