"""Schedules that are kept elsewhere: one class a service, each of which tells whom it has on call by e-mail address.

An address that the settings' people have is theirs. What makes no sense is a NotAnswered
like any other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from bot.asking import NotAnswered, ask_json

_MOST = 10  # people on call at once


class Schedule(Protocol):
    """A schedule of a service."""

    async def emails(self) -> tuple[str, ...]:
        """Who is on call now, by e-mail address; nobody: (). Raises NotAnswered."""
        ...


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """https://developer.pagerduty.com/api-reference/, “List all of the on-calls”. `token` is an API key."""

    schedule: str
    token: str
    url: str = "https://api.pagerduty.com"

    async def emails(self) -> tuple[str, ...]:
        headers = {"Authorization": f"Token token={self.token}", "Accept": "application/vnd.pagerduty+json;version=2"}
        params = {"schedule_ids[]": self.schedule, "include[]": "users", "earliest": "true"}
        answer = await ask_json("GET", f"{self.url}/oncalls", headers=headers, params=params)
        return _words(lambda: (one["user"]["email"] for one in answer["oncalls"]))


@dataclass(frozen=True, slots=True)
class Opsgenie:
    """https://docs.opsgenie.com/docs/who-is-on-call-api, flat. `token` is an API key of an integration."""

    schedule: str
    token: str
    url: str = "https://api.opsgenie.com"

    async def emails(self) -> tuple[str, ...]:
        headers = {"Authorization": f"GenieKey {self.token}"}
        url = f"{self.url}/v2/schedules/{self.schedule}/on-calls"
        answer = await ask_json("GET", url, headers=headers, params={"flat": "true"})
        return _words(lambda: answer["data"]["onCallRecipients"])


@dataclass(frozen=True, slots=True)
class GrafanaOnCall:
    """https://grafana.com/docs/oncall/latest/oncall-api-reference/: a schedule's `on_call_now`, then each user."""

    schedule: str
    token: str
    url: str

    async def emails(self) -> tuple[str, ...]:
        headers = {"Authorization": self.token}
        answer = await ask_json("GET", f"{self.url}/api/v1/schedules/{self.schedule}/", headers=headers)
        users = _words(lambda: answer["on_call_now"])
        found = [await ask_json("GET", f"{self.url}/api/v1/users/{user}/", headers=headers) for user in users]
        return _words(lambda: (user["email"] for user in found))


def _words(read: Callable[[], Iterable[object]]) -> tuple[str, ...]:
    try:
        found = dict.fromkeys(str(word).strip() for word in read())
    except (KeyError, TypeError, AttributeError):
        raise NotAnswered("its answer makes no sense") from None
    return tuple(found)[:_MOST]
