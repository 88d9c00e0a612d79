"""People and groups as the settings name them: plain values, so that every face can look people up in the same list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person of the settings. `operating_system_user` is who that person is at a terminal."""

    key: str
    slack_id: str
    operating_system_user: str | None = None


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group of the settings: the people listed, by key, and those of a Slack user group where one is named."""

    key: str
    slack_group_id: str | None = None
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody whom the settings name."""

    people: tuple[PersonEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()

    def by_slack_id(self, slack_id: str) -> PersonEntry | None:
        return _first(entry for entry in self.people if entry.slack_id == slack_id)

    def by_operating_system_user(self, user: str) -> PersonEntry | None:
        return _first(entry for entry in self.people if entry.operating_system_user == user)

    def listed_groups(self, key: str) -> frozenset[str]:
        """The groups that list this person by key; no Slack user group is looked at."""
        return frozenset(group.key for group in self.groups if key in group.people)

    @property
    def slack_groups(self) -> Mapping[str, str]:
        """Group key → Slack user group id, for the groups that have one."""
        return {group.key: group.slack_group_id for group in self.groups if group.slack_group_id is not None}


def _first(entries: Iterable[PersonEntry]) -> PersonEntry | None:
    return next(iter(entries), None)
