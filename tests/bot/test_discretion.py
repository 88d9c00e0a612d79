"""No answer carries a secret of the settings, whichever way it takes to a person."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import cast

from bot.discretion import DiscreetOrders
from commands.asked import Answer, Asked, Decision, FieldErrors, Form
from commands.dispatcher import Dispatcher
from commands.people import Face
from ledger.page import Item, Items, Page, Table, Tone, text
from ledger.redact import REPLACEMENT, Redactor

SECRET = "a-password-of-the-settings"
PAGE = Page(
    f"title {SECRET}",
    Tone.INFO,
    f"summary {SECRET}",
    (text(SECRET), Items(SECRET, (Item(Tone.INFO, SECRET, SECRET),)), Table((SECRET,), ((SECRET,),))),
)
ASKED = Asked("d1", "U1", "alice", Face.SLACK, "C0OPS", "status", datetime(2026, 3, 4, 3, 12, tzinfo=UTC))


class Talkative:
    """A dispatcher whose every answer tells a secret."""

    async def ask(self, asked: Asked) -> Answer:
        return Answer(PAGE)

    async def prepare(self, asked: Asked) -> Form:
        return Form(PAGE, (), "Send", "draft")

    async def submit(self, asked: Asked, draft: str, values: Mapping[str, str]) -> FieldErrors:
        return FieldErrors({"reason": f"not {SECRET}"})

    async def decide(self, asked: Asked, operation_id: str, decision: Decision) -> Answer:
        return Answer(PAGE)

    async def wait(self, operation_id: str, progress: Callable[[str], Awaitable[None]] | None = None) -> Answer:
        return Answer(PAGE)


async def test_nothing_that_comes_back_tells_a_secret() -> None:
    orders = DiscreetOrders(cast(Dispatcher, Talkative()), Redactor([SECRET]))
    came_back = (
        await orders.ask(ASKED),
        await orders.prepare(ASKED),
        await orders.submit(ASKED, "draft", {}),
        await orders.decide(ASKED, "AB12", Decision.APPROVE),
        await orders.wait("AB12"),
    )
    for each in came_back:
        assert REPLACEMENT in repr(each)
        assert SECRET not in repr(each)
