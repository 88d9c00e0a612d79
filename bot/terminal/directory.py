"""The operating system's user who is at the terminal, mapped to a person of the settings."""

import os
from dataclasses import dataclass

from bot.roster import Roster
from commands.people import Person


@dataclass(frozen=True, slots=True)
class TerminalDirectory:
    """Looks people up in the settings alone: at a terminal, Slack may be away, and membership that only
    Slack could confirm counts as none."""

    roster: Roster

    async def person(self, person_id: str, *, afresh: bool = False) -> Person:
        user = person_id.removeprefix("os:")
        entry = self.roster.by_operating_system_user(user) if user != person_id else self.roster.by_slack_id(person_id)
        if entry is None:
            return Person(id=person_id, name=user, key=None, groups=frozenset(), zone=machine_zone())
        # The Slack id stands for the human at both faces, so that nobody approves here what he asked for there.
        groups = self.roster.listed_groups(entry.key)
        return Person(id=entry.slack_id, name=entry.key, key=entry.key, groups=groups, zone=machine_zone())


def machine_zone() -> str:
    """IANA's name of the machine's time zone, as TZ or the link /etc/localtime tell it; else UTC."""
    named = os.environ.get("TZ", "").lstrip(":")
    _, _, linked = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
    return named or linked or "UTC"
