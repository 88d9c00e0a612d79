"""Knows who is on call: by rotas of the settings, and by schedules elsewhere, asked once a minute."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.asking import NotAnswered
from bot.on_call.rota import Rota
from bot.on_call.schedule import Schedule

EVERY = 60.0
# What a schedule said is believed for so long when it does not answer any more; then the fallback is called.
BELIEVED = timedelta(hours=2)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody to be called by what they are on call for. `fallback` is called where nobody is found: people and
    groups of the settings. One of `rota` and `schedule` is there."""

    name: str
    fallback: tuple[str, ...]
    rota: Rota | None = None
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True)
class OnCallNow:
    """Who it is. `people` are keys of the settings; `why`: where that is known from, or why the fallback is called."""

    name: str
    people: tuple[str, ...]
    why: str


class OnCall:
    """Call `run` as a task. `emails`: the settings' people by their lower-case address."""

    def __init__(self, duties: Sequence[Duty], emails: Mapping[str, str], now: Callable[[], datetime]) -> None:
        self._duties, self._emails, self._now = tuple(duties), dict(emails), now
        self._heard: dict[str, tuple[datetime, tuple[str, ...]]] = {}
        self._problems: dict[str, str] = {}

    async def run(self) -> None:
        """Until cancelled. What fails is told in the log, and tried again."""
        while any(duty.schedule is not None for duty in self._duties):
            await self.ask()
            await asyncio.sleep(EVERY)

    async def ask(self) -> None:
        """Asks every schedule once. Never raises, but when it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for duty in self._duties:
                if duty.schedule is not None:
                    tasks.create_task(self._ask(duty.name, duty.schedule))

    def now(self) -> tuple[OnCallNow, ...]:
        """Who is on call for what."""
        return tuple(self._of(duty) for duty in self._duties)

    def _of(self, duty: Duty) -> OnCallNow:
        if duty.rota is not None:
            return OnCallNow(duty.name, (duty.rota.on_call(self._now()),), "by the rota of the settings")
        at, people = self._heard.get(duty.name, (None, ()))
        problem = self._problems.get(duty.name, "its schedule was not asked yet" if at is None else "")
        if at is not None and people and self._now() - at <= BELIEVED:
            return OnCallNow(duty.name, people, "by its schedule" if not problem else f"as last heard: {problem}")
        return OnCallNow(duty.name, duty.fallback, f"the fallback: {problem or 'nobody is on call by its schedule'}")

    async def _ask(self, name: str, schedule: Schedule) -> None:
        try:
            emails = await schedule.emails()
        except NotAnswered as error:
            self._note(name, f"its schedule cannot be asked ({error})")
            return
        except Exception as error:  # whatever a service answers: the others are to be asked, and this one again
            _log.exception("on_call.broke", duty=name)
            self._note(name, f"its schedule cannot be asked ({type(error).__name__})")
            return
        people = tuple(self._emails[email.lower()] for email in emails if email.lower() in self._emails)
        self._heard[name] = (self._now(), people)
        strangers = len(emails) - len(people)
        self._note(name, f"{strangers} on call have no e-mail address in [people]" if strangers else "")

    def _note(self, name: str, problem: str) -> None:
        if problem and self._problems.get(name) != problem:
            _log.warning("on_call.problem", duty=name, reason=problem)
        self._problems[name] = problem
