"""People and what they may do, as they are at the moment they ask."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Face(StrEnum):
    """Where an order came in."""

    SLACK = "slack"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was recognised, by Slack user id or by the operating system's user; never by a display name.

    `key` is the person's key in the settings, or the Slack id of somebody who is in a Slack user group but not in the
    settings; None for a stranger. `groups` are the settings' groups the person is in right now. `outside`: of another
    workspace, a former colleague or a robot, who is not even one of "everyone". `zone` names their time zone (IANA).
    """

    id: str  # Slack user id, or "os:NAME" for somebody at a terminal whom the settings do not map to a Slack id
    name: str  # for people to read; nothing is decided by it
    key: str | None
    groups: frozenset[str]
    outside: bool = False
    zone: str = "UTC"


def zone_of(person: Person) -> tzinfo:
    """The person's time zone; UTC where it is not known here."""
    try:
        return ZoneInfo(person.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


class Directory(Protocol):
    """Looks people up at the moment of the click."""

    async def person(self, person_id: str, *, afresh: bool = False) -> Person:
        """The person with that id and present groups. Somebody unknown comes back with no key and no groups;
        when the look-up fails, the groups that cannot be confirmed are left out (unknown means no).

        `afresh` is for whoever orders or decides: nothing that was looked up before this moment is believed.
        """
        ...
