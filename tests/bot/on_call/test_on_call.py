"""Who is on call by schedules elsewhere, and who is called when they do not say."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.on_call.keeper import BELIEVED, Duty, OnCall, OnCallNow
from bot.on_call.schedule import GrafanaOnCall, Opsgenie, PagerDuty, Schedule
from tests.bot.services_elsewhere import Elsewhere, elsewhere

EMAILS = {"alice@example.com": "alice", "bob@example.com": "bob"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def there() -> AsyncIterator[Elsewhere]:
    async with elsewhere() as stands:
        yield stands


def pagerduty(there: Elsewhere, *emails: str) -> Schedule:
    there.answers["/oncalls"] = {"oncalls": [{"user": {"email": email}} for email in emails]}
    return PagerDuty("PSCHED1", "t0ken", there.url)


def opsgenie(there: Elsewhere, *emails: str) -> Schedule:
    there.answers["/v2/schedules/abc-1/on-calls"] = {"data": {"onCallRecipients": list(emails)}}
    return Opsgenie("abc-1", "t0ken", there.url)


def grafana(there: Elsewhere, *emails: str) -> Schedule:
    there.answers["/api/v1/schedules/SBM7/"] = {"on_call_now": [f"U{number}" for number in range(len(emails))]}
    for number, email in enumerate(emails):
        there.answers[f"/api/v1/users/U{number}/"] = {"id": f"U{number}", "email": email}
    return GrafanaOnCall("SBM7", "t0ken", there.url)


async def asked(schedule: Schedule) -> tuple[OnCallNow, OnCall]:
    on_call = OnCall([Duty("primary", ("dba",), schedule=schedule)], EMAILS, Clock())
    await on_call.ask()
    (now,) = on_call.now()
    return now, on_call


@pytest.mark.parametrize(
    ("make", "token"),
    [(pagerduty, "Token token=t0ken"), (opsgenie, "GenieKey t0ken"), (grafana, "t0ken")],
)
async def test_each_service_says_who_it_is(there: Elsewhere, make: Callable[..., Schedule], token: str) -> None:
    now, _ = await asked(make(there, "Alice@Example.com", "bob@example.com"))
    assert (now.people, now.why) == (("alice", "bob"), "by its schedule")
    assert set(there.tokens) == {token}


async def test_pagerduty_is_asked_for_that_schedule(there: Elsewhere) -> None:
    await asked(pagerduty(there))
    method, path, query, _ = there.asked[0]
    assert (method, path, query["schedule_ids[]"]) == ("GET", "/oncalls", "PSCHED1")


async def test_nobody_on_call_and_people_without_an_address_call_the_fallback(there: Elsewhere) -> None:
    now, _ = await asked(pagerduty(there))
    assert (now.people, now.why) == (("dba",), "the fallback: nobody is on call by its schedule")
    now, _ = await asked(pagerduty(there, "mallory@example.com"))
    assert now.people == ("dba",)
    assert now.why == "the fallback: 1 on call have no e-mail address in [people]"


@pytest.mark.parametrize("answer", [[], {"oncalls": 7}, {"oncalls": [{}]}, {"oncalls": [None]}, "no", None])
async def test_nonsense_calls_the_fallback(there: Elsewhere, answer: object) -> None:
    schedule = pagerduty(there)
    there.answers["/oncalls"] = answer
    now, _ = await asked(schedule)
    assert now.people == ("dba",)
    assert "makes no sense" in now.why


async def test_before_it_was_asked_the_fallback_is_called(there: Elsewhere) -> None:
    (now,) = OnCall([Duty("primary", ("dba",), schedule=pagerduty(there))], EMAILS, Clock()).now()
    assert (now.people, now.why) == (("dba",), "the fallback: its schedule was not asked yet")


async def test_a_service_that_falls_silent_is_believed_for_a_while(there: Elsewhere) -> None:
    clock = Clock()
    on_call = OnCall([Duty("primary", ("dba",), schedule=pagerduty(there, "bob@example.com"))], EMAILS, clock)
    await on_call.ask()
    there.fails = [503] * 2
    clock.now += timedelta(hours=1)
    await on_call.ask()
    (now,) = on_call.now()
    assert (now.people, now.why) == (("bob",), "as last heard: its schedule cannot be asked (it answered 503)")
    clock.now += BELIEVED
    await on_call.ask()
    (now,) = on_call.now()
    assert now.people == ("dba",)


class _Odd:
    async def emails(self) -> tuple[str, ...]:
        raise RecursionError("an answer nested a million times")


async def test_an_answer_that_nobody_foresaw_keeps_nobody_else_from_being_asked(there: Elsewhere) -> None:
    duties = [
        Duty("odd", ("dba",), schedule=_Odd()),
        Duty("primary", ("dba",), schedule=pagerduty(there, "bob@example.com")),
    ]
    on_call = OnCall(duties, EMAILS, Clock())
    await on_call.ask()
    odd, primary = on_call.now()
    assert (odd.people, odd.why) == (("dba",), "the fallback: its schedule cannot be asked (RecursionError)")
    assert primary.people == ("bob",)
