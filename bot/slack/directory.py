"""People and groups, looked up in Slack at the moment of the click.

Fails closed: a group membership that only Slack knows of, and Slack does not confirm now, does not count. What the
settings list counts always. For views alone, what was looked up is believed for a while (Slack lets us ask for a
group's members some twenty times a minute).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.roster import Roster
from bot.slack.identity import OwnIdentity
from bot.slack.outcome import SLACK_FAILURES
from commands.people import Person

GROUP_SECONDS = 60.0  # how long a group's members are believed, where nothing is ordered or decided
PROFILE_SECONDS = 60.0
MOMENT_SECONDS = 1.0  # of a click: one look-up serves all that it asks for
LOOK_SECONDS = 4.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says of a person. `is_member`: a living human of our own workspace. `zone`: IANA's name."""

    name: str
    is_member: bool
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    at: float


class SlackDirectory:
    """Implements commands.people.Directory over Slack. `clock` is in seconds and only goes forward."""

    def __init__(
        self,
        client: AsyncWebClient,
        roster: Roster,
        identity: OwnIdentity,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._client = client
        self._roster = roster
        self._identity = identity
        self._clock = clock or asyncio.get_running_loop().time
        self._members: dict[str, _Kept[frozenset[str]]] = {}
        self._profiles: dict[str, _Kept[Profile]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def person(self, person_id: str, *, afresh: bool = False) -> Person:
        """The person with that Slack user id. Never raises for what Slack does: what is not confirmed is left out."""
        if not person_id.startswith(("U", "W")):
            return Person(person_id, person_id, None, frozenset(), outside=True)
        profile, confirmed = await asyncio.gather(
            self._profile(person_id, MOMENT_SECONDS if afresh else PROFILE_SECONDS),
            self._slack_groups(person_id, MOMENT_SECONDS if afresh else GROUP_SECONDS),
        )
        entry = self._roster.by_slack_id(person_id)
        if profile is not None and not profile.is_member:
            return Person(person_id, profile.name, None, frozenset(), outside=True)
        listed = self._roster.listed_groups(entry.key) if entry is not None else frozenset()
        # Without a profile it is not known whether this is somebody of ours; only the settings still vouch.
        groups = listed | (confirmed if profile is not None else frozenset())
        key = entry.key if entry is not None else (person_id if groups else None)
        name, zone = (profile.name, profile.zone) if profile is not None else (person_id, "UTC")
        return Person(person_id, name, key, groups, zone=zone)

    async def _slack_groups(self, person_id: str, max_age: float) -> frozenset[str]:
        groups = self._roster.slack_groups
        found = await asyncio.gather(*(self._group_members(group, max_age) for group in groups.values()))
        return frozenset(key for key, members in zip(groups, found, strict=True) if person_id in members)

    async def _group_members(self, group: str, max_age: float) -> frozenset[str]:
        asked_at = self._clock()
        async with self._turns.setdefault(group, asyncio.Lock()):
            kept = self._members.get(group)
            if kept is not None and asked_at - kept.at < max_age:
                return kept.value
            began = self._clock()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    answer = await self._client.usergroups_users_list(usergroup=group)
            except SLACK_FAILURES as error:
                log.warning("directory.group_not_confirmed", group=group, error=type(error).__name__)
                return frozenset()
            members = frozenset(map(str, answer.get("users") or ()))
            self._members[group] = _Kept(members, began)
            return members

    async def _profile(self, person_id: str, max_age: float) -> Profile | None:
        kept = self._profiles.get(person_id)
        if kept is not None and self._clock() - kept.at < max_age:
            return kept.value
        began = self._clock()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                identity = await self._identity.get()
                answer = await self._client.users_info(user=person_id)
        except SLACK_FAILURES as error:
            log.warning("directory.person_not_confirmed", person=person_id, error=type(error).__name__)
            return None
        user = answer.get("user") or {}
        profile = user.get("profile") or {}
        name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
        stranger = user.get("deleted") or user.get("is_bot") or user.get("is_stranger")
        is_ours = str(user.get("team_id") or identity.team_id) == identity.team_id
        found = Profile(str(name or person_id), is_ours and not stranger, str(user.get("tz") or "UTC"))
        self._profiles[person_id] = _Kept(found, began)
        return found
