"""`/ha help [command]`: what can be asked for."""

from collections.abc import Sequence

from commands.asked import Asked
from commands.authority import VIEW, Ruling, approvers_text, may, may_ever_ask
from commands.command import Command, Misunderstood, Order
from commands.governing import governed_elsewhere
from commands.parse import COMMAND, echo, nearest
from commands.people import Person
from commands.policies import policy_for
from commands.world import World
from ledger.page import Item, Items, Page, Part, Tone, note, text
from ledger.quantities import count_text


class Help:
    """Lists the commands that it was given, and itself."""

    name = "help"
    usage = "help [command]"
    summary = "What can be asked for"
    right = VIEW

    def __init__(self, commands: Sequence[Command]) -> None:
        self._commands = (*commands, self)

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """All commands with what the asker may do, or one of them."""
        if not arguments:
            return _all(self._commands, person, world)
        names = {command.name: command for command in self._commands}
        command = names.get(arguments[0])
        if command is None:
            near = nearest(arguments[0], tuple(names))
            mend = f"Did you mean {COMMAND} help {near}?" if near else f"Type: {COMMAND} help"
            raise Misunderstood(f"“{echo(arguments[0])}” is no command. {mend}")
        return _one(command, person, world)


def _all(commands: Sequence[Command], person: Person, world: World) -> Page:
    # Two lists, for one of everything is longer than what a list in Slack may hold.
    orders = tuple(_item(command, person, world) for command in commands if isinstance(command, Order))
    others = tuple(_item(command, person, world) for command in commands if not isinstance(command, Order))
    clusters = ", ".join(world.clusters) or "none"
    return Page(
        title="What can be asked for",
        tone=Tone.INFO,
        summary="What can be asked for",
        parts=(
            Items("To look, and what happens at once", others),
            Items("To act: shown first, then approved by somebody else", orders),
            note(f"Clusters: {clusters}. The cluster may be left out when there is one."),
        ),
    )


def _item(command: Command, person: Person, world: World) -> Item:
    if _may(command, person, world).allowed:
        return Item(Tone.INFO, f"{COMMAND} {command.usage}", command.summary)
    return Item(Tone.WAITING, f"{COMMAND} {command.usage}", f"{command.summary} (not you)")


def _one(command: Command, person: Person, world: World) -> Page:
    ruling = _may(command, person, world)
    parts = _approvals(command.name, world) if isinstance(command, Order) else ()
    return Page(
        title=f"{COMMAND} {command.usage}",
        tone=Tone.INFO,
        summary=command.summary,
        parts=(text(f"{command.summary}."), *parts, note(ruling.line)),
    )


def _may(command: Command, person: Person, world: World) -> Ruling:
    if isinstance(command, Order):
        return may_ever_ask(world.policies, person, command.name, command.right)
    return may(world.policies, person, command.right)


def _approvals(order: str, world: World) -> tuple[Part, ...]:
    """What it needs now, once for all the clusters that need the same."""
    alike: dict[str, list[str]] = {}
    for cluster in world.clusters:
        policy = policy_for(world.policies, order, cluster, world.now())
        if policy is not None:
            line = f"needs {count_text(policy.needed(risky=False), 'approval')} from {approvers_text(policy)}"
            alike.setdefault(f"{line} ({policy.needed(risky=True)} when the plan carries a risk).", []).append(cluster)
    elsewhere = tuple(
        text(f"{COMMAND} {order} {' and '.join(words)} go by the right and the policy of {governing}.")
        for governing, words in governed_elsewhere(order).items()
    )
    if len(alike) == 1:
        return (*(text(f"It {line}") for line in alike), *elsewhere)
    return (*(text(f"On {', '.join(clusters)} it {line}") for line, clusters in alike.items()), *elsewhere)
