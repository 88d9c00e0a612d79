"""`understudy ha …`: the same commands, plans and approvals as in Slack, drawn in the terminal."""

import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from bot.discretion import DiscreetOrders
from bot.logs import configure_logging
from bot.settings import Settings
from bot.terminal.directory import TerminalDirectory
from bot.terminal.draw import show
from bot.terminal.login import login_of_process
from bot.wiring import open_world
from commands.ask import REASON
from commands.asked import Answer, Asked, Decision, FieldErrors, Form
from commands.people import Face
from ledger.page import Tone

# What is decided by a button in Slack is a word at the terminal.
_DECISIONS = {"approve": Decision.APPROVE, "reject": Decision.REJECT, "cancel": Decision.CANCEL}
_BAD_TONES = (Tone.CRITICAL, Tone.WARNING, Tone.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, and the answers that were given along with it."""

    words: tuple[str, ...]
    reason: str | None
    confirmation: str | None


async def run_ha(settings: Settings, words: list[str], *, reason: str | None, confirmation: str | None) -> int:
    """Carry out one command; the exit status is 0 only when it was carried out and what it shows is well."""
    typed = Typed(tuple(words), reason, confirmation)
    async with open_world(settings, TerminalDirectory) as wired:
        # Without it structlog would show the locals of every frame of a traceback, and with them what is secret.
        configure_logging(settings.log, wired.redactor)
        terminal = Terminal(wired.orders, Console(), typed)
        try:
            return await terminal.run()
        finally:
            await wired.dispatcher.shutdown()


class Terminal:
    """One command at the terminal."""

    def __init__(self, orders: DiscreetOrders, console: Console, typed: Typed) -> None:
        self._orders = orders
        self._console = console
        self._typed = typed

    async def run(self) -> int:
        match self._typed.words:
            case (word, operation) if word in _DECISIONS:
                return await self._decide(_DECISIONS[word], operation)
            case ("watch", operation):
                return await self._watch(operation)
            case ("resume", operation):
                return await self._resume(operation)
        await self._tell_abandoned()
        text = " ".join(self._typed.words)
        if self._orders.needs_form(text):
            return await self._order(text)
        return self._show(await self._orders.ask(_asked(text)))

    async def _order(self, text: str) -> int:
        shown = await self._orders.prepare(_asked(text))
        if isinstance(shown, Answer):
            return self._show(shown)
        show(self._console, shown.page)
        if shown.submit_label is None:
            return 0 if shown.ready else 1
        values = self._fill_in(shown)
        outcome = await self._orders.submit(_asked(text), shown.draft, values)
        if isinstance(outcome, FieldErrors):
            for name, error in outcome.errors.items():
                self._console.print(f"{name}: {error}", markup=False)
            return 1
        status = self._show(outcome)
        return status if outcome.operation is None else await self._watch(outcome.operation)

    def _fill_in(self, form: Form) -> dict[str, str]:
        """The form's fields, from the options where given, else asked for. Without a terminal nothing is made up."""
        given = {REASON: self._typed.reason}
        values = {}
        for field in form.fields:
            value = self._typed.confirmation if field.expected is not None else given.get(field.name)
            if value is None and sys.stdin.isatty():
                value = self._console.input(f"{field.label}: ", markup=False)
            values[field.name] = value or ""
        return values

    async def _decide(self, decision: Decision, operation: str) -> int:
        answer = await self._orders.decide(_asked(f"{decision} {operation}"), operation, decision)
        status = self._show(answer)
        if decision is Decision.APPROVE and status == 0:
            return await self._watch(operation)
        return status

    async def _watch(self, operation: str) -> int:
        """Follow an operation that this process runs, or another one, to its end."""
        return self._show(await self._orders.wait(operation, self._progress))

    async def _resume(self, operation: str) -> int:
        """Carry on here what its process left: the bot does so by itself, but the bot may be down."""
        status = self._show(await self._orders.resume(_asked(f"resume {operation}"), operation))
        return await self._watch(operation) if status == 0 else status

    async def _tell_abandoned(self) -> None:
        """To look at a status must not carry on somebody's operation; but it must not be in the way unseen either."""
        for operation in await self._orders.abandoned():
            line = f"Operation {operation} was left in the middle. To carry it on: understudy ha resume {operation}"
            self._console.print(line, markup=False)

    async def _progress(self, line: str) -> None:
        self._console.print(line, markup=False)

    def _show(self, answer: Answer) -> int:
        show(self._console, answer.page)
        return 1 if answer.page.tone in _BAD_TONES else 0


def _asked(text: str) -> Asked:
    login = login_of_process()
    return Asked(
        id=f"terminal:{uuid.uuid4()}",
        person_id=f"os:{login.user}",
        person_name=login.user,
        face=Face.TERMINAL,
        channel=None,
        text=text,
        at=datetime.now(UTC),
        runs_as=login.runs_as if login.is_somebody_else else None,
    )
