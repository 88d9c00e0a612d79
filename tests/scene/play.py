"""How people play the scene: what they type and press in the practice Slack, and what they wait for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.slack import PracticePerson, PracticeSlack
from lab.stage import CLUSTER_CHANNEL, Stage
from ledger.audit import AuditKind, AuditRecord, recent
from ledger.audit_chain import verify
from ledger.ledger import Ledger

Json = dict[str, Any]


def says(*words: str) -> Callable[[Json], bool]:
    """A message whose text has all of these words in it."""
    return lambda message: all(word.lower() in str(message.get("text", "")).lower() for word in words)


def has_button(message: Json, text: str) -> bool:
    """Whether such a button stands in the message now."""
    elements = (element for block in message.get("blocks", ()) for element in block.get("elements", ()))
    return any(element.get("type") == "button" and element["text"]["text"] == text for element in elements)


def offers(text: str) -> Callable[[Json], bool]:
    return lambda message: has_button(message, text)


@dataclass(frozen=True, slots=True)
class Requested:
    """An order that waits for approval: its card in the channel, and its id."""

    card: Json
    operation: str


def form_fields(view: Json) -> dict[str, str]:
    """Field name → block_id, of a modal's inputs."""
    blocks = (block for block in view["blocks"] if block["type"] == "input")
    return {block["block_id"].split(":")[1]: block["block_id"] for block in blocks}


async def fill_in(person: PracticePerson, view: Json, *, reason: str, name: str) -> Any:
    """Fill in a promote form and submit it."""
    fields = form_fields(view)
    typed = {"reason": reason}
    values = {block: {"value": typed.get(field, name)} for field, block in fields.items()}
    return await person.submit(view, values)


async def wait_for_form(person: PracticePerson) -> Json:
    """The plan's modal, once the servers have been looked at."""
    return await person.wait_for_view(lambda view: bool(view.get("submit")), timeout=10)


async def wait_for_card(slack: PracticeSlack, *, timeout: float = 10, known: frozenset[str] = frozenset()) -> Requested:
    """The approval card in the channel; none of the messages that are known already."""
    card = await slack.wait_for_message(
        CLUSTER_CHANNEL,
        lambda message: offers("Approve")(message) and message["ts"] not in known,
        timeout=timeout,
    )
    for block in card["blocks"]:
        for element in block.get("elements", ()):
            if element.get("type") == "button" and element["text"]["text"] == "Approve":
                return Requested(card, element["value"])
    raise AssertionError("the card has no Approve button")


async def request_promotion(
    slack: PracticeSlack, person: PracticePerson, text: str = "promote shop", *, reason: str = "drill"
) -> Requested:
    """Type `/ha promote`, look at the plan, fill in the form."""
    known = frozenset(message["ts"] for message in slack.messages(CLUSTER_CHANNEL))
    await person.command("/ha", text, channel=CLUSTER_CHANNEL)
    form = await wait_for_form(person)
    outcome = await fill_in(person, form, reason=reason, name="shop")
    assert not outcome.errors, outcome.errors
    return await wait_for_card(slack, known=known)


async def wait_for_report(slack: PracticeSlack, requested: Requested, *words: str, timeout: float = 60) -> Json:
    """The report in the operation's thread, where what was checked stands as well, in words of its own."""

    def is_report(message: Json) -> bool:
        return says(*words)(message) and not says("what was checked")(message)

    return await slack.wait_for_message(CLUSTER_CHANNEL, is_report, timeout=timeout, thread_ts=requested.card["ts"])


async def audit_records(stage: Stage, kind: AuditKind | None = None) -> list[AuditRecord]:
    """The bot's audit log so far (of that kind), oldest first."""
    kinds = None if kind is None else (kind,)
    async with await Ledger.open(stage.settings.parent / "ledger.sqlite3", create=False) as ledger:
        return list(reversed(await ledger.read(lambda db: recent(db, 10_000, kinds=kinds))))


async def audit_is_whole(stage: Stage) -> bool:
    """Whether `audit verify` finds nothing wrong."""
    async with await Ledger.open(stage.settings.parent / "ledger.sqlite3", create=False) as ledger:
        return (await ledger.read(verify)).ok
