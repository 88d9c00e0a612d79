"""Playing an order on the stage: the way there, the request, the approval."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lab.bot_process import BotProcess
from lab.faults import FaultKind
from lab.server import LabServer
from lab.stage import CLUSTER_CHANNEL, Stage
from tests.faults.cell import Order
from tests.faults.watch import LedgerWatch
from tests.scene.play import Requested, fill_in, offers, wait_for_card, wait_for_report

ASK_SECONDS = 15.0
# A first report may say that the old primary goes on alone: the way to a rejoin is a failover that has succeeded.
_FAILED_OVER = "is the primary of shop"


class NotOffered(Exception):
    """The plan cannot be asked for: a check fails, or there is nothing to do. The message is what people were told."""


@dataclass(slots=True)
class Scene:
    """A stage with an order on it. `others` are further bots on the same ledger."""

    stage: Stage
    order: Order
    ledger: LedgerWatch
    ledger_disk: Path | None = None
    freezes: bool = False
    copies: bool = False
    others: list[BotProcess] = field(default_factory=list)

    @property
    def old(self) -> LabServer:
        """The primary of the beginning."""
        return self.stage.lab.servers["db1"]

    @property
    def new(self) -> LabServer:
        return self.stage.lab.servers["db2"]

    async def fault(self, kind: FaultKind, target: str = "") -> None:
        await self.stage.lab.faults.apply(kind, target)

    async def prepare(self) -> None:
        """What comes before the order: a dead primary, or a failover that has been."""
        if self.order is Order.SWITCHOVER:
            return
        if self.freezes:
            self.old.freeze()
        else:
            await self.old.kill()
        await self.stage.slack.wait_for_message(CLUSTER_CHANNEL, offers("Fail over…"), timeout=ASK_SECONDS)
        if self.order is Order.REJOIN:
            requested = await self.request("promote shop")
            await self.approve(requested)
            await wait_for_report(self.stage.slack, requested, _FAILED_OVER)

    async def ask(self) -> Requested:
        """Ask for the order. Raises NotOffered."""
        rejoin = "rejoin db1 copy" if self.copies else "rejoin db1"
        return await self.request(rejoin if self.order is Order.REJOIN else "promote shop")

    async def request(self, text: str) -> Requested:
        alice = self.stage.slack.person("U0ALICE")
        known = frozenset(message["ts"] for message in self.stage.slack.messages(CLUSTER_CHANNEL))
        await alice.command("/ha", text, channel=CLUSTER_CHANNEL)
        view = await alice.wait_for_view(lambda view: not _still_looking(view), timeout=ASK_SECONDS)
        if not view.get("submit"):
            raise NotOffered(_words(view))
        outcome = await fill_in(alice, view, reason="fault matrix", name="shop")
        assert not outcome.errors, outcome.errors
        return await wait_for_card(self.stage.slack, timeout=ASK_SECONDS, known=known)

    async def approve(self, requested: Requested) -> None:
        """As many people approve as it takes."""
        for person in ("U0BOB", "U0CAROL"):
            if offers("Approve")(self._card(requested)):
                await self.stage.slack.person(person).press(self._card(requested), text="Approve")

    def _card(self, requested: Requested) -> dict[str, object]:
        return next(
            message for message in self.stage.slack.messages(CLUSTER_CHANNEL) if message["ts"] == requested.card["ts"]
        )

    def thread(self, requested: Requested) -> list[dict[str, object]]:
        """What was told since it was asked for; the checks of its plan stand there as well."""
        messages = self.stage.slack.messages(CLUSTER_CHANNEL, requested.card["ts"])
        return [message for message in messages if "what was checked" not in str(message["text"])]

    def told(self, requested: Requested) -> str:
        """How it ended, as people were told in its thread; until then the last thing that stands there."""
        texts = [str(message["text"]) for message in self.thread(requested) or [self._card(requested)]]
        return next((text for text in reversed(texts) if says_the_end(text)), texts[-1])

    async def end_others(self) -> None:
        for bot in self.others:
            await bot.stop()


def says_the_end(text: str) -> bool:
    """Whether a message is an operation's report."""
    return any(word in text for word in ("succeeded", "failed", "interrupted", "cancelled"))


def _still_looking(view: dict[str, object]) -> bool:
    return "Looking at the servers" in str(view["blocks"])


def _words(view: dict[str, object]) -> str:
    """The heading and what stands first below it: that it cannot start, and why."""
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return ". ".join("".join(_texts(block)) for block in blocks[:2])


def _texts(part: object) -> Iterator[str]:
    """The texts in a block, however deep they lie."""
    match part:
        case {"text": str(text)}:
            yield text
        case {"elements": list(parts)}:
            for inner in parts:
                yield from _texts(inner)
        case {"text": dict(inner)}:
            yield from _texts(inner)
