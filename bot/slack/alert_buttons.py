"""The buttons on alerts: acknowledge, say that one is still on it, and silence; for those who may."""

from dataclasses import dataclass
from typing import Protocol

from alerts.lines import STILL
from alerts.notices import ACKNOWLEDGE, SILENCE, SILENCES
from bot.slack.payloads import Press
from commands.asked import Asked
from commands.authority import ACKNOWLEDGE as RIGHT
from commands.authority import Ruling, may
from commands.people import Directory
from commands.policies import Policies
from ledger.audit import Actor, AuditEntry, AuditKind, append
from ledger.ledger import Ledger
from ledger.page import Page, Tone

_CHOICES = tuple(choice for choice, _, _ in SILENCES)


class Alerts(Protocol):
    """What is asked of alerts.keeper.AlertKeeper."""

    async def acknowledge(self, alert_id: str, actor: Actor, *, place: str | None, delivery: str | None) -> Page: ...

    async def still_on_it(self, alert_id: str, actor: Actor, *, place: str | None, delivery: str | None) -> Page: ...

    async def silence(
        self, alert_id: str, choice: str, actor: Actor, *, place: str | None, delivery: str | None
    ) -> Page: ...


@dataclass(frozen=True, slots=True)
class AlertButtons:
    """All of them need the right “acknowledge”; a refusal leaves one audit record."""

    keeper: Alerts
    ledger: Ledger
    directory: Directory
    policies: Policies

    def knows(self, action: str) -> bool:
        return action in (ACKNOWLEDGE, STILL, SILENCE)

    async def press(self, asked: Asked, press: Press) -> Page:
        """The private answer to who pressed."""
        person = await self.directory.person(asked.person_id, afresh=True)
        actor = Actor(asked.person_id, asked.person_name, asked.face.value)
        ruling = may(self.policies, person, RIGHT)
        if not ruling.allowed:
            await self._record_refusal(asked, actor, ruling)
            return Page("Not allowed", Tone.WARNING, ruling.line)
        if press.action == ACKNOWLEDGE:
            return await self.keeper.acknowledge(press.value, actor, place=asked.channel, delivery=asked.id)
        if press.action == STILL:
            return await self.keeper.still_on_it(press.value, actor, place=asked.channel, delivery=asked.id)
        if press.choice not in _CHOICES:
            return Page("Not understood", Tone.INFO, "That is no length for a silence. Choose one from the menu.")
        return await self.keeper.silence(press.value, press.choice, actor, place=asked.channel, delivery=asked.id)

    async def _record_refusal(self, asked: Asked, actor: Actor, ruling: Ruling) -> None:
        entry = AuditEntry(
            at=asked.at,
            kind=AuditKind.REFUSAL,
            actor=actor,
            place=asked.channel,
            text=asked.text,
            details={"right": RIGHT, "why": ruling.why},
            key=f"refusal:{asked.id}",
        )
        await self.ledger.write(lambda db: append(db, entry).sequence)
