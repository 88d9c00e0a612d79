"""Who may ask, and who may approve. Pure decisions over what the settings say and who the person is at this moment.

Whatever is not known means no: a right that nobody holds, an order without a policy, a person without a key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from commands.asked import Decision
from commands.people import Person

EVERYONE = "everyone"
VIEW = "view"


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """Who approves an order, how many of them, and for how long it waits for them.

    `approvers` are keys of groups or people. `risk_approvals` is asked for when a plan carries risks.
    """

    approvers: frozenset[str]
    approvals: int = 1
    risk_approvals: int = 2
    expires: timedelta = timedelta(minutes=15)
    reason_required: bool = True

    def needed(self, *, risky: bool) -> int:
        """How many people must approve. Never fewer with a risk than without one, and never none."""
        return max(1, self.approvals, self.risk_approvals if risky else 1)


@dataclass(frozen=True, slots=True)
class Policies:
    """The settings' rights and policies.

    `rights`: right → keys of groups and people, or "everyone" for `view`. `orders`: an order's name → its policy.
    """

    rights: Mapping[str, frozenset[str]] = field(default_factory=dict)
    orders: Mapping[str, OrderPolicy] = field(default_factory=dict)


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
    holders = policies.rights.get(right, frozenset())
    if right == VIEW and EVERYONE in holders:
        return Ruling(True, "Everyone may look.")
    through = _belongs(person, holders)
    if through is not None:
        return Ruling(True, f"You hold the right “{right}” as {through}.")
    if person.key is None and not person.groups:
        return Ruling(False, f"You are not allowed to “{right}”: the settings do not know you.", _ask(holders))
    return Ruling(False, f"You are not allowed to “{right}”.", _ask(holders))


def may_approve(policies: Policies, person: Person, order: str, requester: Human, decided: Sequence[Decided]) -> Ruling:
    """Whether this person may approve what the requester asked for, after the decisions taken so far."""
    policy = policies.orders.get(order)
    if policy is None:
        return Ruling(False, f"No policy says who approves “{order}”.", f"Add [policies.{order}] to the settings.")
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


def may_reject(policies: Policies, person: Person, order: str, requester: Human) -> Ruling:
    """Whether this person may reject: those who may approve. A requester cancels instead."""
    policy = policies.orders.get(order)
    if policy is None:
        return Ruling(False, f"No policy says who decides on “{order}”.", f"Add [policies.{order}] to the settings.")
    if human(person).is_same(requester):
        return Ruling(False, "You asked for this, so you cannot reject it.", "Cancel it instead.")
    return _is_approver(policy, person)


def may_cancel(person: Person, requester: Human) -> Ruling:
    """Whether this person may cancel: who asked, and nobody else."""
    if human(person).is_same(requester):
        return Ruling(True, "You asked for this.")
    return Ruling(False, "Only the person who asked can cancel this.", "Those who may approve can reject it.")


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
    return ", ".join(sorted(policy.approvers)) or "nobody"


def is_approver(policy: OrderPolicy, person: Person) -> bool:
    """Whether the policy lets this person, as they are now, approve at all."""
    return _is_approver(policy, person).allowed


def _is_approver(policy: OrderPolicy, person: Person) -> Ruling:
    through = _belongs(person, policy.approvers - {EVERYONE})
    if through is None:
        return Ruling(False, "You are not among those who may approve this.", f"They are: {approvers_text(policy)}.")
    return Ruling(True, f"You may approve as {through}.")


def _belongs(person: Person, keys: frozenset[str]) -> str | None:
    """Through which key a person is among these: their own first, then a group."""
    named = keys - {EVERYONE}
    if person.key is not None and person.key in named:
        return person.key
    return min(person.groups & named, default=None)


def _ask(holders: frozenset[str]) -> str:
    named = sorted(holders - {EVERYONE})
    return f"Ask {', '.join(named)}." if named else "Nobody is: add it to [rights] in the settings."
