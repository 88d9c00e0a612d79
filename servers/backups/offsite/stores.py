"""Each cluster's copies off site, made when first needed, and what was last seen there."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from servers.backups.offsite.bring_back import BringBack
from servers.backups.offsite.copy import OffsiteCopies
from servers.backups.offsite.limit import BandwidthLimit
from servers.backups.offsite.store import ObjectStore, s3_client
from servers.blocking import in_thread
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster, OffsitePlace
from servers.state import Answer, OffsiteState, Outcome

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

LOOK_SECONDS = 300.0  # what was seen is good for so long: each look costs requests that are paid for
_MAKING_SECONDS = 30.0

MakeClient = Callable[[str | None, str | None], "S3Client"]


class OffsiteStores:
    """Everybody who copies or looks shares one cluster's copies, and with them its bandwidth."""

    def __init__(self, clock: Callable[[], datetime], make_client: MakeClient = s3_client) -> None:
        self._clock = clock
        self._make_client = make_client
        self._copies: dict[str, OffsiteCopies] = {}
        self._seen: dict[tuple[str, str], tuple[float, OffsiteState]] = {}
        self._wal_copied_at: dict[str, datetime] = {}
        self._looks: dict[tuple[str, str], asyncio.Task[OffsiteState]] = {}

    async def copies(self, cluster: Cluster) -> OffsiteCopies | None:
        """None where the settings name no place off site. Raises ActionFailed."""
        place = cluster.backups.offsite if cluster.backups else None
        if place is None:
            return None
        if cluster.name not in self._copies:
            made = await self._made(cluster.name, place)
            self._copies.setdefault(cluster.name, made)
        return self._copies[cluster.name]

    async def bring_back(self, cluster: Cluster) -> BringBack | None:
        """What brings backups and WAL back to a host. None where the settings name no place off site."""
        copies, place = await self.copies(cluster), cluster.backups.offsite if cluster.backups else None
        if copies is None or place is None:
            return None
        return BringBack(ObjectStore(await self._client(place), place.bucket), copies)

    async def look(self, cluster: Cluster, *, timeout: float, within: str = "") -> OffsiteState | None:
        """What is off site, as it was seen within the last minutes. None where the settings name no place there.

        `within`: of what has a prefix of its own there, like “dumps/nightly”. Never raises. A look that takes longer
        goes on, and its result is there for whoever asks next.
        """
        if cluster.backups is None or cluster.backups.offsite is None:
            return None
        seen = await self._look_or_wait(cluster, within, timeout)
        return seen if within else replace(seen, wal_copied_at=self._wal_copied_at.get(cluster.name))

    async def _look_or_wait(self, cluster: Cluster, within: str, timeout: float) -> OffsiteState:
        place = cluster.name, within
        at, seen = self._seen.get(place, (float("-inf"), None))
        if seen is not None and asyncio.get_running_loop().time() - at < LOOK_SECONDS:
            return seen
        look = self._looks.get(place)
        if look is None or look.done():
            look = self._looks[place] = asyncio.create_task(self._look(cluster, within))
        done, _ = await asyncio.wait((look,), timeout=timeout)
        if done:
            return look.result()
        slow = Answer(Outcome.TIMED_OUT, self._clock(), timeout, f"the store has not answered within {timeout:g} s")
        return seen or OffsiteState(slow)

    def wal_is_there(self, cluster: Cluster) -> None:
        """All of the archive is off site now."""
        self._wal_copied_at[cluster.name] = self._clock()

    def forget(self, cluster: Cluster, within: str = "") -> None:
        """Something was copied: the next look is a new one."""
        self._seen.pop((cluster.name, within), None)

    async def _look(self, cluster: Cluster, within: str) -> OffsiteState:
        started = time.perf_counter()
        try:
            copies = await self.copies(cluster)
            if copies is not None and within:
                copies = copies.within(within)
            backups = await copies.look() if copies else ()
        except ActionFailed as error:
            answer = Answer(Outcome.FAILED, self._clock(), time.perf_counter() - started, str(error)[:200])
            return OffsiteState(answer)
        answer = Answer(Outcome.ANSWERED, self._clock(), time.perf_counter() - started)
        state = OffsiteState(answer, backups)
        self._seen[cluster.name, within] = asyncio.get_running_loop().time(), state
        return state

    async def _client(self, place: OffsitePlace) -> "S3Client":
        try:
            return await in_thread(lambda: self._make_client(place.region, place.endpoint_url), _MAKING_SECONDS)
        except Exception as error:
            raise ActionFailed(f"the store off site cannot be used: {error}") from error

    async def _made(self, cluster: str, place: OffsitePlace) -> OffsiteCopies:
        client = await self._client(place)
        return OffsiteCopies(
            ObjectStore(client, place.bucket), f"{place.prefix}{cluster}/", BandwidthLimit(place.bandwidth)
        )
