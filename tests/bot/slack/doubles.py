"""Stand-ins for the commands and alerts behind the face: they remember what they were asked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.observation import Look
from commands.asked import Answer, Asked, Decision, FieldErrors, FieldKind, Form, FormField
from commands.automatic.clicks import Choice
from ledger.alerts import AlertRow
from ledger.audit import Actor
from ledger.page import Page, Tone, text

PLAN = Page(
    "Switchover of main to db2", Tone.WARNING, "db1 → db2, about 3 s without writes", (text("0 bytes may be lost"),)
)
FORM = Form(
    PLAN,
    (
        FormField("reason", "Reason", FieldKind.PARAGRAPH, required=True),
        FormField("cluster", "Type the cluster's name", FieldKind.LINE, required=True, expected="main"),
    ),
    "Ask for approval",
    '{"cluster":"main"}',
)
SENT = Answer(Page("Sent", Tone.WAITING, "Bob or Carol can approve it"))
HEALTHY = Page("Healthy", Tone.GOOD, "main is healthy")


@dataclass(slots=True)
class Orders:
    """A dispatcher: `promote …` needs a form, `public` is answered in the channel, `break` fails."""

    asked: list[tuple[str, Asked]] = field(default_factory=list)
    submitted: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    decided: list[tuple[str, Decision]] = field(default_factory=list)
    pressed: list[tuple[str, Choice]] = field(default_factory=list)
    prepared: Form | Answer = FORM
    outcome: Answer | FieldErrors = SENT
    page: Page = HEALTHY
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def needs_form(self, text: str) -> bool:
        return text.startswith("promote")

    async def ask(self, asked: Asked) -> Answer:
        self.asked.append(("ask", asked))
        if asked.text == "break":
            raise RuntimeError("secret-in-a-traceback")
        return Answer(self.page, private=asked.text != "public")

    async def prepare(self, asked: Asked) -> Form | Answer:
        self.asked.append(("prepare", asked))
        await self.may_answer.wait()
        return self.prepared

    async def submit(self, asked: Asked, draft: str, values: Mapping[str, str]) -> Answer | FieldErrors:
        self.asked.append(("submit", asked))
        self.submitted.append((draft, dict(values)))
        return self.outcome

    async def decide(self, asked: Asked, operation_id: str, decision: Decision) -> Answer:
        self.asked.append(("decide", asked))
        self.decided.append((operation_id, decision))
        return Answer(Page("Approved", Tone.GOOD, f"You approved {operation_id}"))

    async def press(self, asked: Asked, value: str, choice: Choice) -> Answer:
        self.asked.append(("press", asked))
        self.pressed.append((value, choice))
        return Answer(Page("Stopped", Tone.INFO, f"You stopped {value}"))

    @property
    def texts(self) -> list[str]:
        return [asked.text for _, asked in self.asked]


@dataclass(slots=True)
class Keeper:
    """An alert keeper with nothing firing."""

    pressed: list[tuple[str, str, str | None, str]] = field(default_factory=list)
    alerts: tuple[AlertRow, ...] = ()

    async def acknowledge(self, alert_id: str, actor: Actor, *, place: str | None, delivery: str | None) -> Page:
        self.pressed.append(("acknowledge", alert_id, None, actor.id))
        return Page("Acknowledged", Tone.GOOD, "It is yours")

    async def still_on_it(self, alert_id: str, actor: Actor, *, place: str | None, delivery: str | None) -> Page:
        self.pressed.append(("still on it", alert_id, None, actor.id))
        return Page("Still on it", Tone.GOOD, "It is yours")

    async def silence(
        self, alert_id: str, choice: str, actor: Actor, *, place: str | None, delivery: str | None
    ) -> Page:
        self.pressed.append(("silence", alert_id, choice, actor.id))
        return Page("Silenced", Tone.GOOD, f"Quiet for {choice}")

    def firing(self, cluster: str | None = None) -> tuple[AlertRow, ...]:
        return self.alerts


@dataclass(slots=True)
class Monitor:
    looks: dict[str, Look] = field(default_factory=dict)

    def last(self, cluster: str) -> Look | None:
        return self.looks.get(cluster)
