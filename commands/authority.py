"""Who may ask, and who may approve. Pure decisions over what the settings say and who the person is at this moment.

Whatever is not known means no: a right that nobody holds, an order without a policy, a person without a key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.asked import Asked, Decision
from commands.people import Face, Person
from commands.policies import TERMINAL_PLACE, OrderPolicy, Policies

EVERYONE = "everyone"
VIEW = "view"
ACKNOWLEDGE = "acknowledge"  # of alerts: to acknowledge and to silence


@dataclass(frozen=True, slots=True)
class Human:
    """Somebody as an operation remembers them: by id and by the settings' key, so that another id is no other human."""

    id: str
    key: str | None = None

    def is_same(self, other: "Human") -> bool:
        return self.id == other.id or (self.key is not None and self.key == other.key)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was taken on an operation."""

    human: Human
    decision: Decision


@dataclass(frozen=True, slots=True)
class Ruling:
    """Yes or no, why, and what to do next: two short sentences for the person who asked."""

    allowed: bool
    why: str
    what_next: str = ""

    @property
    def line(self) -> str:
        return f"{self.why} {self.what_next}".strip()


def human(person: Person) -> Human:
    return Human(person.id, person.key)


def may(policies: Policies, person: Person, right: str) -> Ruling:
    """Whether this person holds this right now."""
    if person.outside:
        return Ruling(False, "You have no rights here: this is for people of our own workspace.")
    holders = policies.rights.get(right, frozenset())
    if right == VIEW and EVERYONE in holders:
        return Ruling(True, "Everyone may look.")
    through = through_which(person, holders)
    if through is not None:
        return Ruling(True, f"You hold the right “{right}” as {through}.")
    if person.key is None and not person.groups:
        return Ruling(False, f"You are not allowed to “{right}”: the settings do not know you.", _ask(holders))
    return Ruling(False, f"You are not allowed to “{right}”.", _ask(holders))


def may_ask(policies: Policies, policy: OrderPolicy | None, person: Person, order: str, right: str) -> Ruling:
    """Whether this person may ask for an order, by the policy in force: its askers where it names some, else whoever
    holds the right."""
    if policy is None or policy.askers is None:
        return may(policies, person, right)
    through = through_which(person, policy.askers)
    if through is None:
        why = f"You are not among those who may ask for “{order}” here and now."
        return Ruling(False, why, _ask(policy.askers))
    return Ruling(True, f"You may ask for “{order}” as {through}.")


def may_ever_ask(policies: Policies, person: Person, order: str, right: str) -> Ruling:
    """Whether there is any cluster or hour at all for which this person may ask: a stranger learns nothing more."""
    base = policies.orders.get(order)
    named = (base, *policies.overrides.get(order, ()))
    if any(through_which(person, one.askers) for one in named if one is not None and one.askers is not None):
        return Ruling(True, f"You may ask for “{order}” at times.")
    return may(policies, person, right)


def may_decide_as(asked: Asked) -> Ruling:
    """Nobody decides through another user's process: either name could be the one that did it."""
    if asked.runs_as is None:
        return Ruling(True, "")
    why = f"You logged in as {asked.person_name}, and this runs as {asked.runs_as} (sudo or su)."
    return Ruling(False, why, "Approve, reject and break glass under your own user, or in Slack.")


def may_here(policy: OrderPolicy, asked: Asked) -> Ruling:
    """Whether the policy lets an order be asked for or decided on where this came from."""
    place = place_of(asked)
    if policy.channels is None or place in policy.channels:
        return Ruling(True, "This is a place for it.")
    where = "At the terminal" if place == TERMINAL_PLACE else "Here"
    return Ruling(False, f"{where} this can be neither asked for nor decided on.", f"It can: {places_text(policy)}.")


def place_of(asked: Asked) -> str | None:
    """As policies name places: a Slack channel's id, or the terminal; None for none of these (the app's home)."""
    return TERMINAL_PLACE if asked.face is Face.TERMINAL else asked.channel


def places_text(policy: OrderPolicy) -> str:
    """“in C0OPS, at the terminal”."""
    if policy.channels is None:
        return "anywhere"
    at = ("at the terminal",) if TERMINAL_PLACE in policy.channels else ()
    names = sorted(policy.channels - {TERMINAL_PLACE})
    return ", ".join((*(("in " + " or ".join(names),) if names else ()), *at)) or "nowhere"


def may_approve(
    policy: OrderPolicy | None, person: Person, order: str, requester: Human, decided: Sequence[Decided]
) -> Ruling:
    """Whether this person may approve what the requester asked for, after the decisions taken so far."""
    if policy is None:
        return no_policy(order)
    me = human(person)
    if me.is_same(requester):
        return Ruling(
            False,
            "You asked for this, so you cannot approve it.",
            f"Somebody else of {approvers_text(policy)} must; you can cancel it.",
        )
    ruling = _is_approver(policy, person)
    if not ruling.allowed:
        return ruling
    if any(one.decision is Decision.APPROVE and one.human.is_same(me) for one in decided):
        return Ruling(
            False, "You approved this already; one person counts once.", "Somebody else must approve as well."
        )
    return ruling


def may_reject(policy: OrderPolicy | None, person: Person, order: str, requester: Human) -> Ruling:
    """Whether this person may reject: those who may approve. A requester cancels instead."""
    if policy is None:
        return no_policy(order)
    if human(person).is_same(requester):
        return Ruling(False, "You asked for this, so you cannot reject it.", "Cancel it instead.")
    return _is_approver(policy, person)


def may_break_glass(policy: OrderPolicy, person: Person, *, risky: bool) -> Ruling:
    """Whether this person may start it alone, by the policy in force."""
    usual = "Ask for it without --break-glass, and let somebody approve it."
    if not policy.break_glass:
        return Ruling(False, "Nobody may start this alone here and now.", usual)
    through = through_which(person, policy.break_glass)
    if through is None:
        return Ruling(False, "You are not among those who may start this alone.", usual)
    if risky and not policy.break_glass_risk:
        return Ruling(False, "It carries a risk that one person may not take alone.", usual)
    return Ruling(True, f"You may start it alone as {through}.")


def no_policy(order: str) -> Ruling:
    return Ruling(False, f"No policy says who approves “{order}”.", f"Add [policies.{order}] to the settings.")


def may_cancel(policy: OrderPolicy | None, person: Person, requester: Human) -> Ruling:
    """Whether this person may cancel: who asked, and those who may approve."""
    if human(person).is_same(requester):
        return Ruling(True, "You asked for this.")
    if policy is not None and is_approver(policy, person):
        return Ruling(True, "You may approve this, so you may cancel it.")
    who = f" and {approvers_text(policy)}" if policy is not None else ""
    return Ruling(False, f"Only the person who asked{who} can cancel this.")


def approvals_count(decided: Sequence[Decided], requester: Human) -> int:
    """How many different humans approved. The requester never counts."""
    counted: list[Human] = []
    for one in decided:
        known = one.human.is_same(requester) or any(one.human.is_same(other) for other in counted)
        if one.decision is Decision.APPROVE and not known:
            counted.append(one.human)
    return len(counted)


def approvers_text(policy: OrderPolicy) -> str:
    """The approvers as people read them: “dba, lead”."""
    named = ", ".join(sorted(policy.approvers - {EVERYONE})) or "nobody"
    return named if policy.also_among is None else f"{named}, who are also of {', '.join(sorted(policy.also_among))}"


def is_approver(policy: OrderPolicy, person: Person) -> bool:
    """Whether the policy lets this person, as they are now, approve at all."""
    return _is_approver(policy, person).allowed


def _is_approver(policy: OrderPolicy, person: Person) -> Ruling:
    through = through_which(person, policy.approvers)
    if policy.also_among is not None and through_which(person, policy.also_among) is None:
        through = None
    if through is None:
        return Ruling(False, "You are not among those who may approve this.", f"They are: {approvers_text(policy)}.")
    return Ruling(True, f"You may approve as {through}.")


def through_which(person: Person, keys: frozenset[str]) -> str | None:
    """Through which key a person is among these: their own first, then a group."""
    named = frozenset() if person.outside else keys - {EVERYONE}
    if person.key is not None and person.key in named:
        return person.key
    return min(person.groups & named, default=None)


def _ask(holders: frozenset[str]) -> str:
    named = sorted(holders - {EVERYONE})
    return f"Ask {', '.join(named)}." if named else "Nobody is: add it to [rights] in the settings."
