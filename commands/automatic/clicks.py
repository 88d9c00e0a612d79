"""*Do it now* and *Stop*: for those who may approve a failover, looked up at the moment of the click."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum

import structlog
from sqlite_utils import Database

from commands import answers
from commands.asked import Answer, Asked
from commands.authority import Human, Ruling, may_approve, may_here
from commands.automatic import pages
from commands.automatic.failover import ORDER
from commands.people import Person
from commands.policies import policy_for
from commands.records import Repeated, record, show
from commands.world import World
from ledger import outages
from ledger.audit import UNDERSTUDY, AuditKind
from ledger.outages import Outage, OutageState
from ledger.page import Mention, Moment, Span, Tone
from ledger.who import Who

_log = structlog.get_logger(__name__)


class Choice(StrEnum):
    NOW = "now"
    STOP = "stop"


class FailoverClicks:
    """Takes the two buttons of an announcement. `look` weighs the cluster anew at once, after *Do it now*."""

    def __init__(self, world: World, look: Callable[[str], Awaitable[None]]) -> None:
        self._world = world
        self._look = look

    async def take(self, asked: Asked, value: str, choice: Choice) -> Answer:
        """Comes back once the decision is on disk. A second click is told who was first, and when."""
        person = await self._world.directory.person(asked.person_id, afresh=True)
        try:
            outage_id, round_ = pages.read_button_value(value)
        except ValueError:
            return answers.misunderstood("This button belongs to nothing that is known. Type: /ha status")
        try:
            outage, answer = await self._world.ledger.write(
                lambda db: self._decide(db, asked, person, outage_id, round_, choice)
            )
        except Repeated:
            return answers.done("Your click was counted once", "Look at the message in the channel.")
        if outage is not None and choice is Choice.NOW:
            await self._look_now(outage.cluster)
        return answer

    async def _look_now(self, cluster: str) -> None:
        """The decision stands whatever this look meets: the monitor's next one does the same."""
        try:
            await self._look(cluster)
        except Exception:
            _log.exception("the look after Do it now failed", cluster=cluster)

    def _decide(
        self, db: Database, asked: Asked, person: Person, outage_id: str, round_: int, choice: Choice
    ) -> tuple[Outage | None, Answer]:
        outage = outages.get_outage(db, outage_id)
        cluster = outage.cluster if outage else None
        ruling = self._rule(asked, person, outage)
        if not ruling.allowed:
            _record(db, asked, AuditKind.REFUSAL, cluster, outage_id, choice, ruling.why)
            return None, answers.refused(ruling.line)
        late = _too_late(db, outage, round_)
        if outage is None or late is not None:
            spans = late or ("There is no such announcement.",)
            why = "".join(span for span in spans if isinstance(span, str))
            _record(db, asked, AuditKind.REFUSAL, cluster, outage_id, choice, why)
            return None, answers.nothing_done(*spans)
        if choice is Choice.NOW and outage.hastened:
            _record(db, asked, AuditKind.REFUSAL, cluster, outage_id, choice, "it was hastened already")
            return None, answers.nothing_done(*_first(outage, "It starts as soon as one more look has confirmed it. "))
        kind = AuditKind.APPROVAL_GIVEN if choice is Choice.NOW else AuditKind.APPROVAL_CANCELLED
        _record(db, asked, kind, cluster, outage_id, choice, "")
        return self._change(db, outage, Who(person.id, person.name), choice, self._world.now())

    def _rule(self, asked: Asked, person: Person, outage: Outage | None) -> Ruling:
        """Understudy itself asked for it, so that nobody is barred for having asked."""
        cluster = outage.cluster if outage else ""
        policy = policy_for(self._world.policies, ORDER, cluster, self._world.now())
        ruling = may_approve(policy, person, ORDER, Human(UNDERSTUDY.id), ())
        return may_here(policy, asked) if ruling.allowed and policy is not None else ruling

    def _change(
        self, db: Database, outage: Outage, who: Who, choice: Choice, now: datetime
    ) -> tuple[Outage | None, Answer]:
        channel = self._world.clusters[outage.cluster].channel
        if choice is Choice.STOP:
            changed = outages.stop(db, outage, who, now)
            page = pages.stopped(changed)
        else:
            changed = outages.hasten(db, outage, who, now)
            page = pages.hastened(changed)
        show(db, now, channel, pages.announcement_key(changed), page)
        tone = Tone.INFO if choice is Choice.STOP else Tone.RUNNING
        return changed, answers.done(page.title, page.summary, tone=tone)


def _too_late(db: Database, outage: Outage | None, round_: int) -> tuple[Span, ...] | None:
    """Why there is nothing to press any more; None while there is."""
    if outage is None:
        return ("There is no such announcement.",)
    open_now = outages.open_outage(db, outage.cluster)
    if outage.state is OutageState.STOPPED:
        return _first(outage, "It was stopped already. ")
    if outage.state is OutageState.ACTED:
        return (f"It has started already: operation {outage.operation_id}.",)
    if open_now is None or open_now.id != outage.id:
        return ("That outage is over.",)
    if outage.state is not OutageState.ANNOUNCED or outage.round != round_:
        return ("This announcement was called off.",)
    return None


def _first(outage: Outage, line: str) -> tuple[Span, ...]:
    """Who was first, and when."""
    if outage.decided_by is None or outage.decided_at is None:
        return (line,)
    return (line, Mention(outage.decided_by.name, outage.decided_by.id), " was first, at ", Moment(outage.decided_at))


def _record(
    db: Database, asked: Asked, kind: AuditKind, cluster: str | None, outage_id: str, choice: Choice, why: str
) -> None:
    details = {"outage": outage_id, "choice": choice, **({"why": why} if why else {})}
    record(db, asked, "automatic", kind, cluster, details)
