"""`/ha access [person]`: who may do what, why, and from when on that will be different."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.asked import Asked
from commands.authority import ACKNOWLEDGE, EVERYONE, VIEW, approvers_text, places_text, through_which
from commands.command import Command, Misunderstood, Order
from commands.governing import governed_elsewhere
from commands.parse import COMMAND, echo, nearest
from commands.people import Person
from commands.policies import OrderPolicy, Policies, next_change, policy_for
from commands.world import World
from ledger.page import Item, Items, Moment, Page, Part, Tone, note, text
from ledger.quantities import count_text, seconds_text

# A Slack id as it is typed, or as Slack writes a mention; the parser has made small letters of it.
_SLACK_ID = re.compile(r"<?@?([uw][a-z0-9]{2,20})(?:\|[^>]*)?>?")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody may do or not, and why; `may` is None for what only explains."""

    may: bool | None
    what: str
    why: str


class Access:
    """The view of rights, over the commands that it was given."""

    name = "access"
    usage = "access [person]"
    summary = "Who may do what, and why"
    right = VIEW

    def __init__(self, commands: Sequence[Command]) -> None:
        self._orders = {command.name: command.right for command in commands if isinstance(command, Order)}
        deeds = (command.right for command in commands if not isinstance(command, Order))
        self._rights = tuple(dict.fromkeys((VIEW, ACKNOWLEDGE, *deeds)))

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """Of the one who asks, or of somebody by the settings' key or Slack id. Looked up anew, as for a click."""
        person_id = person.id if not arguments else find(arguments, world.policies, self.usage)
        about = await world.directory.person(person_id, afresh=True)
        title = "What you may do" if about.id == person.id else f"What {about.name} may do"
        return Page(
            title=title,
            tone=Tone.INFO,
            summary=f"{title}. {_known_as(about)}",
            parts=(
                text(_known_as(about)),
                Items("At any time", tuple(_item(line) for line in self._plain(world.policies, about))),
                *self._by_order(about, world),
                note("Whoever asks for an order never approves it. Rights are looked up anew at every click."),
            ),
        )

    def _plain(self, policies: Policies, person: Person) -> Iterator[Line]:
        for right in self._rights:
            holders = policies.rights.get(right, frozenset())
            if right == VIEW and EVERYONE in holders and not person.outside:
                yield Line(True, f"use “{right}”", "everyone may")
            else:
                yield _line(f"use “{right}”", person, holders)

    def _by_order(self, person: Person, world: World) -> Iterator[Part]:
        """An order that is the same on several clusters is said once for them."""
        now = world.now()
        for order, right in self._orders.items():
            alike: dict[tuple[tuple[Line, ...], tuple[Line, ...], datetime | None], list[str]] = {}
            for cluster in world.clusters:
                at = next_change(world.policies, order, cluster, now)
                lines = order_lines(world.policies, person, order, right, cluster, now)
                then = () if at is None else order_lines(world.policies, person, order, right, cluster, at)
                alike.setdefault((lines, then, at), []).append(cluster)
            for (lines, then, at), clusters in alike.items():
                where = "" if len(alike) == 1 else f" on {', '.join(clusters)}"
                yield Items(f"{order}{where}", tuple(map(_item, (*lines, *_elsewhere(order)))))
                if at is not None:
                    yield text("From ", Moment(at), f": {_differences(lines, then)}")


def find(arguments: Sequence[str], policies: Policies, usage: str) -> str:
    """The Slack id that was meant. Pure. Raises Misunderstood."""
    word = arguments[0]
    people = policies.people
    if len(arguments) > 1:
        raise Misunderstood(f"“{echo(' '.join(arguments))}” is more than one person. Type: {COMMAND} {usage}")
    if word.removeprefix("@") in people:
        return people[word.removeprefix("@")]
    slack_id = _SLACK_ID.fullmatch(word)
    if slack_id is not None and (any(map(str.isdigit, word)) or word.startswith("<")):
        return slack_id.group(1).upper()
    near = nearest(word, tuple(people))
    mend = f"Did you mean {COMMAND} access {near}?" if near else "Name a person of the settings, or a Slack id."
    raise Misunderstood(f"“{echo(word)}” is nobody of the settings. {mend}")


def order_lines(
    policies: Policies, person: Person, order: str, right: str, cluster: str, at: datetime
) -> tuple[Line, ...]:
    """What that person may do about an order at that moment, and the policy's terms. Pure."""
    policy = policy_for(policies, order, cluster, at)
    holders = policies.rights.get(right, frozenset()) if policy is None or policy.askers is None else policy.askers
    ask = _line("ask", person, holders)
    if policy is None:
        return (ask, Line(False, "approve", f"nobody can: there is no [policies.{order}]"))
    approve = _line("approve what others ask for", person, policy.approvers)
    return (ask, approve, *_alone(policy, person), Line(None, "terms", _terms(policy)))


def _alone(policy: OrderPolicy, person: Person) -> Iterator[Line]:
    """Only where there is anybody who may."""
    if policy.break_glass:
        line = _line("start it alone (--break-glass)", person, policy.break_glass)
        risk = "; not with a risk" if line.may and not policy.break_glass_risk else ""
        yield Line(line.may, line.what, f"{line.why}{risk}")


def _elsewhere(order: str) -> Iterator[Line]:
    for governing, words in governed_elsewhere(order).items():
        yield Line(None, " and ".join(f"{order} {word}" for word in words), f"by what is said of {governing}, not this")


def _line(what: str, person: Person, keys: frozenset[str]) -> Line:
    through = through_which(person, keys)
    if through is not None:
        return Line(True, what, "by name" if through == person.key else f"through {through}")
    named = ", ".join(sorted(keys - {EVERYONE}))
    return Line(False, what, f"only {named}" if named else "nobody may")


def _terms(policy: OrderPolicy) -> str:
    usual, risky = policy.needed(risky=False), policy.needed(risky=True)
    more = f", {risky} with a risk" if risky != usual else ""
    reason = "with a reason" if policy.reason_required else "a reason is not asked for"
    waits = seconds_text(policy.expires.total_seconds())
    return (
        f"{count_text(usual, 'approval')}{more} of {approvers_text(policy)}; waits {waits}; {reason}; "
        f"{places_text(policy)}"
    )


def _differences(before: Sequence[Line], after: Sequence[Line]) -> str:
    told = [f"{_title(line)}: {line.why}" for line in after if line not in before]
    left = {line.what for line in before if line.may} - {line.what for line in after}
    return (
        ". ".join((*told, *(f"may no longer {what}" for what in sorted(left))))
        or "other rules, the same for this person"
    )


def _title(line: Line) -> str:
    if line.may is None:
        return line.what
    return f"may {line.what}" if line.may else f"may not {line.what}"


def _item(line: Line) -> Item:
    tone = {True: Tone.GOOD, False: Tone.FAILED, None: Tone.INFO}[line.may]
    return Item(tone, _title(line).capitalize(), line.why)


def _known_as(person: Person) -> str:
    groups = ", ".join(sorted(person.groups))
    if person.outside:
        return "Of another workspace, no longer here, or a robot: nothing is allowed."
    if person.key is None and not groups:
        return "Not known here, or not confirmed by Slack just now: nothing is allowed but what everyone may."
    return f"Known as {person.key}, {f'in {groups}' if groups else 'in no group'}."
