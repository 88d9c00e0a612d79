"""Keeps the settings' secrets out of every answer: what a server says of itself may hold one.

What is remembered is redacted by the ledger; this is for what goes to a person without passing through it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from commands.asked import Answer, Asked, Decision, FieldErrors, Form
from commands.automatic.clicks import Choice
from commands.dispatcher import Dispatcher
from ledger.page_texts import with_texts
from ledger.redact import Redactor


@dataclass(frozen=True, slots=True)
class DiscreetOrders:
    """The dispatcher as faces call it; every page and line that comes back is without secrets."""

    dispatcher: Dispatcher
    redactor: Redactor

    def needs_form(self, text: str) -> bool:
        return self.dispatcher.needs_form(text)

    async def ask(self, asked: Asked) -> Answer:
        return self._answer(await self.dispatcher.ask(asked))

    async def prepare(self, asked: Asked) -> Form | Answer:
        shown = await self.dispatcher.prepare(asked)
        if isinstance(shown, Form):
            return replace(shown, page=with_texts(shown.page, self.redactor.text))
        return self._answer(shown)

    async def submit(self, asked: Asked, draft: str, values: Mapping[str, str]) -> Answer | FieldErrors:
        outcome = await self.dispatcher.submit(asked, draft, values)
        if isinstance(outcome, FieldErrors):
            return FieldErrors({name: self.redactor.text(error) for name, error in outcome.errors.items()})
        return self._answer(outcome)

    async def decide(self, asked: Asked, operation_id: str, decision: Decision) -> Answer:
        return self._answer(await self.dispatcher.decide(asked, operation_id, decision))

    async def press(self, asked: Asked, value: str, choice: Choice) -> Answer:
        return self._answer(await self.dispatcher.press(asked, value, choice))

    async def wait(self, operation_id: str, progress: Callable[[str], Awaitable[None]] | None = None) -> Answer:
        return self._answer(await self.dispatcher.wait(operation_id, progress))

    async def abandoned(self) -> tuple[str, ...]:
        return await self.dispatcher.abandoned()

    async def resume(self, asked: Asked, operation_id: str) -> Answer:
        return self._answer(await self.dispatcher.resume(asked, operation_id))

    def _answer(self, answer: Answer) -> Answer:
        return replace(answer, page=with_texts(answer.page, self.redactor.text))
