"""What Patroni is asked to do, each waited for and seen: Patroni's word that it has begun is no proof.

https://patroni.readthedocs.io/en/latest/rest_api.html
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done
from servers.engines.patroni.answers import (
    cluster_of,
    config_of,
    dcs_seen_at_of,
    history_of,
    is_primary_of,
    started_at_of,
)
from servers.engines.patroni.api import Body, NoMemberAnswers, PatroniApi
from servers.inventory import Cluster, PatroniPlace
from servers.patroni_state import HistoryEntry, PatroniState
from servers.state import Answer, Outcome

LOOK_SECONDS = 2.0
_PAUSE = 0.2
_LATE = 0.4  # of a look's time
_SAME_MOMENT = timedelta(seconds=1)  # Patroni keeps microseconds, and people say minutes

_NOBODYS_KEY = "understudy_check"

Clock = Callable[[], datetime]


class PatroniEngine:
    """A cluster's Patroni. Time-outs are in seconds and bound the whole action; each raises ActionFailed."""

    name = "Patroni"

    def __init__(self, place: PatroniPlace, clock: Clock) -> None:
        self._api = PatroniApi(place)
        self._clock = clock

    async def look(self, *, timeout: float = LOOK_SECONDS) -> PatroniState:
        """Who leads, who follows, and what Patroni will do by itself. Never raises: what is unknown says why."""
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._look(timeout))
            seen = tasks.create_task(self._dcs_seen_at(looking, timeout))
        state = looking.result()
        return state if state.answer.ok else replace(state, dcs_seen_at=seen.result())

    async def _look(self, timeout: float) -> PatroniState:
        at, deadline = self._clock(), Deadline(timeout)
        try:
            async with asyncio.timeout(timeout):
                cluster = await self._api.ask("/cluster", timeout=timeout * 0.9)
                config = await self._api.ask("/config", timeout=timeout * 0.9)
            seen, rules = cluster_of(cluster.text), config_of(config.text)
        except TimeoutError:
            return PatroniState(Answer(Outcome.TIMED_OUT, at, deadline.seconds, f"no answer within {timeout:g} s"))
        except ActionFailed as failed:
            outcome = Outcome.UNREACHABLE if isinstance(failed, NoMemberAnswers) else Outcome.FAILED
            return PatroniState(Answer(outcome, at, deadline.seconds, str(failed)))
        answer = Answer(Outcome.ANSWERED, at, deadline.seconds)
        return PatroniState(answer, seen.members, seen.paused, seen.scheduled, rules)

    async def _dcs_seen_at(self, looking: asyncio.Task[PatroniState], timeout: float) -> datetime | None:
        """Asked only where the look is late or has failed: /cluster waits for the DCS, /patroni does not."""
        deadline = Deadline(timeout)
        await asyncio.wait({looking}, timeout=timeout * _LATE)
        if looking.done() and looking.result().answer.ok:
            return None
        try:
            return dcs_seen_at_of((await self._api.ask("/patroni", timeout=deadline.left())).text)
        except ActionFailed:
            return None

    async def history(self, *, timeout: float = LOOK_SECONDS) -> tuple[HistoryEntry, ...]:
        """The timelines that have ended, the oldest first."""
        return history_of((await self._api.ask("/history", timeout=timeout)).text)

    async def started_at(self, member: str, *, timeout: float = LOOK_SECONDS) -> datetime | None:
        """Since when that member's PostgreSQL runs; None while it does not."""
        return started_at_of((await self._api.ask("/patroni", member=member, timeout=timeout)).text)

    async def switchover(self, leader: str, candidate: str, *, timeout: float = 60.0) -> Done:
        """Now. Comes back when the candidate leads and runs."""
        deadline = Deadline(timeout)
        body = {"leader": leader, "candidate": candidate}
        said = await self._api.act("POST", "/switchover", body, timeout=deadline.left())
        await self._until_leader(candidate, deadline)
        return Done(f"Patroni: {said.text}", deadline.seconds, output=said.text)

    async def failover(self, candidate: str, *, timeout: float = 60.0) -> Done:
        """Where nobody leads, or Patroni is paused. Comes back when the candidate leads and runs."""
        deadline = Deadline(timeout)
        said = await self._api.act("POST", "/failover", {"candidate": candidate}, timeout=deadline.left())
        await self._until_leader(candidate, deadline)
        return Done(f"Patroni: {said.text}", deadline.seconds, output=said.text)

    async def schedule(self, leader: str, candidate: str, at: datetime, *, timeout: float = 15.0) -> Done:
        """A switchover that Patroni does by itself at that time. Comes back when /cluster shows it."""
        deadline = Deadline(timeout)
        body: Body = {"leader": leader, "candidate": candidate, "scheduled_at": at.isoformat()}
        said = await self._api.act("POST", "/switchover", body, timeout=deadline.left())

        def there(state: PatroniState) -> bool:
            found = state.scheduled
            return found is not None and found.target == candidate and abs(found.at - at) < _SAME_MOMENT

        await self._until(there, f"Patroni does not show the switchover to {candidate} as scheduled", deadline)
        return Done(f"Patroni: {said.text}", deadline.seconds, output=said.text)

    async def cancel(self, *, timeout: float = 15.0) -> Done:
        """Takes a scheduled switchover back. Comes back when /cluster shows none any more."""
        deadline = Deadline(timeout)
        said = await self._api.act("DELETE", "/switchover", timeout=deadline.left())
        await self._until(lambda state: state.scheduled is None, "Patroni still shows a scheduled switchover", deadline)
        return Done(f"Patroni: {said.text}", deadline.seconds, output=said.text)

    async def try_access(self, member: str, *, timeout: float = 5.0) -> Done:
        """Whether that member takes calls that change something, by one that changes nothing: it removes a key of the
        configuration that nobody has, and Patroni writes only what differs."""
        deadline = Deadline(timeout)
        await self._api.act("PATCH", "/config", {_NOBODYS_KEY: None}, member=member, timeout=deadline.left())
        return Done("it answers, and takes what changes something", deadline.seconds)

    async def pause(self, *, timeout: float = 15.0) -> Done:
        """Patroni fails over no more by itself, and starts nothing that is stopped."""
        return await self._set_pause(True, timeout)

    async def resume(self, *, timeout: float = 15.0) -> Done:
        """Patroni acts by itself again."""
        return await self._set_pause(None, timeout)

    async def restart(self, member: str, *, timeout: float = 120.0) -> Done:
        """PostgreSQL on that member. Comes back when it runs, and newly so."""
        deadline = Deadline(timeout)
        before = await self.started_at(member)
        said = await self._api.act("POST", "/restart", {}, member=member, timeout=deadline.left())
        while (since := await self.started_at(member, timeout=deadline.left(LOOK_SECONDS))) in (None, before):
            deadline.check(f"Patroni said “{said.text}”, but PostgreSQL on {member} was not started anew")
            await asyncio.sleep(_PAUSE)
        return Done(f"Patroni: {said.text}; it runs since {since:%H:%M:%S} UTC", deadline.seconds, output=said.text)

    async def reload(self, member: str, *, timeout: float = 15.0) -> Done:
        """Patroni's configuration and PostgreSQL's, on that member. Patroni does it within its next round."""
        deadline = Deadline(timeout)
        said = await self._api.act("POST", "/reload", {}, member=member, timeout=deadline.left())
        return Done(f"Patroni: {said.text}", deadline.seconds, output=said.text)

    async def reinitialize(self, member: str, *, timeout: float = 600.0) -> Done:
        """A new copy of the leader's data in place of that member's. Comes back when it follows again."""
        deadline = Deadline(timeout)
        before = await self._started_if_it_runs(member)
        said = await self._api.act("POST", "/reinitialize", {}, member=member, timeout=min(15.0, timeout))
        while True:
            found = (await self.look(timeout=deadline.left(LOOK_SECONDS))).member(member)
            since = await self._started_if_it_runs(member)
            if found is not None and found.streams and since not in (None, before):
                return Done(f"Patroni: {said.text}; {member} is {found.state}", deadline.seconds, output=said.text)
            deadline.check(f"{member} does not follow yet: Patroni says {found.state if found else 'nothing of it'}")
            await asyncio.sleep(_PAUSE)

    async def until_all_follow(self, *, but: str | None = None, timeout: float = 60.0) -> Done:
        """Waits until every member streams on the leader's timeline; `but` names one that is down."""
        deadline = Deadline(timeout)

        def settled(state: PatroniState) -> bool:
            leader, members = state.leader, [one for one in state.members if one.name != but]
            return leader is not None and all(one.streams and one.timeline == leader.timeline for one in members)

        state = await self._until(settled, "Not all members follow the new leader", deadline)
        names = ", ".join(one.name for one in state.members if not one.leads)
        return Done(
            f"{names or 'nobody'} on timeline {state.leader.timeline if state.leader else '?'}", deadline.seconds
        )

    async def _set_pause(self, wanted: bool | None, timeout: float) -> Done:
        """None takes the key away, as patronictl resume does."""
        deadline = Deadline(timeout)
        await self._api.act("PATCH", "/config", {"pause": wanted}, timeout=deadline.left())
        word = "paused" if wanted else "active"
        await self._until(
            lambda state: state.paused is bool(wanted), f"Patroni does not say that it is {word}", deadline
        )
        return Done(f"Patroni is {word}", deadline.seconds)

    async def _until_leader(self, candidate: str, deadline: Deadline) -> None:
        def leads(state: PatroniState) -> bool:
            return state.leader is not None and state.leader.name == candidate and state.leader.state == "running"

        await self._until(leads, f"{candidate} does not lead", deadline)
        # Who holds the leader key is "leader, running" at /cluster while its PostgreSQL is still to be promoted.
        while not await self._is_primary(candidate, deadline.left(LOOK_SECONDS)):
            deadline.check(
                f"{candidate} has Patroni's leader key, but its PostgreSQL is no primary yet. Look at its log"
            )
            await asyncio.sleep(_PAUSE)

    async def _until(self, holds: Callable[[PatroniState], bool], wrong: str, deadline: Deadline) -> PatroniState:
        while True:
            state = await self.look(timeout=deadline.left(LOOK_SECONDS))
            if state.answer.ok and holds(state):
                return state
            leader = state.leader.name if state.leader else "nobody"
            deadline.check(f"{wrong}: {f'{leader} leads' if state.answer.ok else state.answer.how}. Look: /ha status")
            await asyncio.sleep(_PAUSE)

    async def _is_primary(self, member: str, timeout: float) -> bool:
        """A member that does not run answers as well, but not with 200."""
        try:
            return is_primary_of((await self._api.ask("/patroni", member=member, timeout=timeout)).text)
        except ActionFailed:
            return False

    async def _started_if_it_runs(self, member: str) -> datetime | None:
        """A member that does not run answers as well, but not with 200."""
        try:
            return await self.started_at(member)
        except ActionFailed:
            return None


def patroni_engines(clusters: Iterable[Cluster], clock: Clock) -> dict[str, PatroniEngine]:
    """One for each cluster that Patroni runs, by the cluster's name."""
    return {cluster.name: PatroniEngine(cluster.patroni, clock) for cluster in clusters if cluster.patroni is not None}
