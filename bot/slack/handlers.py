"""What happens when somebody types `/ha`, presses a button, submits a form, or mentions the app.

Every handler acknowledges first, before anything else can take time; lets nothing escape; and does a thing once,
however often Slack delivers it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from alerts.notices import TIMELINE
from bot.slack import modal, payloads
from bot.slack.alert_buttons import AlertButtons
from bot.slack.identity import OwnIdentity
from bot.slack.outcome import SLACK_FAILURES, ending_of
from bot.slack.payloads import Incoming, Payload
from bot.slack.plain import one_line
from bot.slack.repeats import Repeats
from bot.slack.replies import Replies
from commands.asked import Answer, Asked, Decision, FieldErrors, Form
from commands.automatic.clicks import Choice
from commands.automatic.pages import NOW, STOP
from commands.restoring.cards import CUT_OVER, DROP_IT, KEEP
from commands.silencing.pages import END as END_SILENCE
from commands.silencing.pages import NEW as NEW_SILENCE
from ledger.page import Page, Tone, text

VIEW_SECONDS = 8.0
ACK_TRIES, ACK_TRY_SECONDS = 20, 0.15  # together the three seconds that Slack waits for an acknowledgement
DECISIONS = {"order.approve": Decision.APPROVE, "order.reject": Decision.REJECT, "order.cancel": Decision.CANCEL}
CHOICES = {NOW: Choice.NOW, STOP: Choice.STOP}  # the buttons of an automatic failover's announcement
OPEN_PROMOTE = "promote.open"
# What a button opens the form of, and what one asks at once: the words before its value.
FORMS = {OPEN_PROMOTE: "promote", DROP_IT: "restore drop", CUT_OVER: "restore cut-over", NEW_SILENCE: "silences add"}
DEEDS = {KEEP: "restore keep", END_SILENCE: "silences end", TIMELINE: "timeline"}

Ack = Callable[..., Awaitable[Any]]

log = structlog.get_logger(__name__)


class Orders(Protocol):
    """What is asked of commands.dispatcher.Dispatcher."""

    def needs_form(self, text: str) -> bool: ...
    async def ask(self, asked: Asked) -> Answer: ...
    async def prepare(self, asked: Asked) -> Form | Answer: ...
    async def submit(self, asked: Asked, draft: str, values: Mapping[str, str]) -> Answer | FieldErrors: ...
    async def decide(self, asked: Asked, operation_id: str, decision: Decision) -> Answer: ...
    async def press(self, asked: Asked, value: str, choice: Choice) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Handlers:
    orders: Orders
    alerts: AlertButtons
    client: AsyncWebClient
    replies: Replies
    identity: OwnIdentity
    repeats: Repeats
    now: Callable[[], datetime]

    async def command(self, ack: Ack, body: Payload) -> None:
        await ack()
        incoming = payloads.of_command(body, await self._own_team())
        await self._once(incoming, self._typed)

    async def action(self, ack: Ack, body: Payload) -> None:
        await ack()
        incoming = payloads.of_press(body, await self._own_team())
        await self._once(incoming, lambda who: self._pressed(who, payloads.press_of(body)))

    async def submission(self, ack: Ack, body: Payload) -> None:
        view = body["view"]
        given = modal.submitted(view)
        if wrong := modal.unexpected(given, view):
            await ack(response_action="errors", errors=wrong)
            return
        sent = f"sent-{secrets.token_hex(8)}"
        waiting = {
            **modal.waiting_view(_title_of(view), "Sent. Looking once more before anybody is asked…"),
            "external_id": sent,
        }
        incoming = payloads.of_submission(body, self._known_team(), given.channel)
        # A repeated delivery must not undo what the modal shows by now.
        await ack(response_action="update", view=self.repeats.shown(incoming.delivery) or waiting)
        incoming = payloads.of_submission(body, await self._own_team(), given.channel)
        await self._once(incoming, lambda who: self._submitted(who, view, given, sent))

    async def mention(self, ack: Ack, body: Payload) -> None:
        await ack()
        incoming = payloads.of_event(body, await self._own_team())
        await self._once(incoming, self._mentioned)

    async def _typed(self, incoming: Incoming) -> None:
        if incoming.trigger_id is not None and self.orders.needs_form(incoming.text):
            await self._form(incoming, incoming.trigger_id, incoming.text)
            return
        answer = await self.orders.ask(incoming.asked(self.now()))
        await self.replies.reply(incoming, answer.page, private=answer.private)

    async def _mentioned(self, incoming: Incoming) -> None:
        answer = await self.orders.ask(incoming.asked(self.now(), "help"))
        await self.replies.reply(incoming, answer.page)

    async def _pressed(self, incoming: Incoming, press: payloads.Press) -> None:
        if press.action in DECISIONS:
            decision = DECISIONS[press.action]
            asked = incoming.asked(self.now(), f"{decision.value} {press.value}")
            answer = await self.orders.decide(asked, press.value, decision)
            await self.replies.reply(incoming, answer.page, private=answer.private)
        elif press.action in CHOICES:
            asked = incoming.asked(self.now(), f"{press.action} {press.value}")
            answer = await self.orders.press(asked, press.value, CHOICES[press.action])
            await self.replies.reply(incoming, answer.page, private=answer.private)
        elif press.action in FORMS and incoming.trigger_id is not None:
            await self._form(incoming, incoming.trigger_id, f"{FORMS[press.action]} {press.value}")
        elif press.action in DEEDS:
            answer = await self.orders.ask(incoming.asked(self.now(), f"{DEEDS[press.action]} {press.value}"))
            await self.replies.reply(incoming, answer.page, private=answer.private)
        elif self.alerts.knows(press.action):
            asked = incoming.asked(self.now(), f"{press.action} {press.value} {press.choice or ''}".strip())
            await self.replies.reply(incoming, await self.alerts.press(asked, press))
        else:
            await self.replies.reply(incoming, _unknown_button())

    async def _form(self, incoming: Incoming, trigger_id: str, typed: str) -> None:
        """Opens the modal first, a trigger lives for three seconds; what is to stand in it is looked up meanwhile."""
        asked = incoming.asked(self.now(), typed)
        title = one_line(typed).partition(" ")[0].capitalize()
        opening = asyncio.create_task(self._open(trigger_id, modal.waiting_view(title, "Looking at the servers…")))
        try:
            prepared = await self.orders.prepare(asked)
        finally:
            view_id = await opening
        view = modal.form_view(prepared, incoming.channel) if isinstance(prepared, Form) else None
        if not await self._show(view_id, view or modal.page_view(prepared.page)):
            again = _type_again(typed) if isinstance(prepared, Form) else None
            await self.replies.reply(incoming, _with_line(prepared.page, again))

    async def _submitted(self, incoming: Incoming, view: Payload, given: modal.Submitted, sent: str) -> None:
        asked = incoming.asked(self.now(), f"submit {_title_of(view)}")
        result = await self.orders.submit(asked, given.draft, given.values)
        if isinstance(result, FieldErrors):
            shown = modal.error_view(view, result.errors)
            page = Page("Not sent", Tone.WARNING, " ".join(result.errors.values()))
        else:
            shown, page = modal.page_view(result.page), result.page
        self.repeats.shows(incoming.delivery, shown)
        if not await self._show_after_ack(sent, shown):
            await self.replies.reply(incoming, page)

    async def _open(self, trigger_id: str, view: Mapping[str, Any]) -> str | None:
        try:
            async with asyncio.timeout(VIEW_SECONDS):
                opened = await self.client.views_open(trigger_id=trigger_id, view=dict(view))
        except SLACK_FAILURES as error:
            log.warning("handlers.modal_not_opened", error=type(error).__name__)
            return None
        return str(opened["view"]["id"])

    async def _show(self, view_id: str | None, view: Mapping[str, Any]) -> bool:
        """Whether the modal, if it is still open, shows this now."""
        return view_id is not None and await self._update(view, view_id=view_id) is None

    async def _show_after_ack(self, external_id: str, view: Mapping[str, Any]) -> bool:
        """As `_show`, but after Slack has put the acknowledgement's own view there.

        The acknowledgement and this call go different ways; should it come second, it would cover the outcome for
        good. Only its view has this external id, so the update finds nothing until then.
        """
        for _ in range(ACK_TRIES):
            error = await self._update(view, external_id=external_id)
            if error != "not_found":
                return error is None
            await asyncio.sleep(ACK_TRY_SECONDS)
        return False

    async def _update(self, view: Mapping[str, Any], **which: str) -> str | None:
        """What went wrong; None for nothing."""
        try:
            async with asyncio.timeout(VIEW_SECONDS):
                await self.client.views_update(view=dict(view), **which)
        except SLACK_FAILURES as error:
            return ending_of(error).error
        return None

    async def _once(self, incoming: Incoming, work: Callable[[Incoming], Awaitable[None]]) -> None:
        """Does the work unless it was delivered before; a failure of ours gets a private line with a reference."""
        if self.repeats.is_repeat(incoming.delivery):
            log.info("handlers.repeated", delivery=incoming.delivery)
            return
        try:
            await work(incoming)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("handlers.failed", reference=reference, delivery=incoming.delivery)
            await self.replies.reply(incoming, _failed(reference))

    async def _own_team(self) -> str:
        """Unknown only while Slack has never answered; everybody is a stranger then."""
        try:
            return (await self.identity.get()).team_id
        except SLACK_FAILURES:
            return self._known_team()

    def _known_team(self) -> str:
        return self.identity.known.team_id if self.identity.known is not None else "unknown"


def _title_of(view: Payload) -> str:
    return str((view.get("title") or {}).get("text") or "Understudy")


def _with_line(page: Page, line: str | None) -> Page:
    return page if line is None else Page(page.title, page.tone, page.summary, (*page.parts, text(line)))


def _type_again(typed: str) -> str:
    return f"This is the plan only; nothing was asked for. To fill in the form type: /ha {typed}"


def _unknown_button() -> Page:
    line = "This button can do nothing any more. Type /ha help to see what there is."
    return Page("Nothing was done", Tone.INFO, line)


def _failed(reference: str) -> Page:
    line = f"An error of Understudy's own; nothing more was done. Its log has the details under {reference}."
    return Page("This went wrong", Tone.UNKNOWN, line)
