"""Who may ask and who may approve: whatever is unknown means no."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from commands.asked import Decision
from commands.authority import (
    EVERYONE,
    VIEW,
    Decided,
    Human,
    approvals_count,
    human,
    is_approver,
    may,
    may_approve,
    may_cancel,
    may_reject,
)
from commands.people import Person
from commands.policies import OrderPolicy, Policies

KEYS = st.sampled_from(["alice", "bob", "carol"])
GROUPS = st.frozensets(st.sampled_from(["dba", "lead", "guests"]))
PEOPLE = st.builds(
    Person,
    id=st.sampled_from(["U1", "U2", "U3", "os:root"]),
    name=st.text(max_size=5),
    key=st.none() | KEYS,
    groups=GROUPS,
)
HOLDERS = st.frozensets(st.sampled_from(["alice", "bob", "dba", "lead", EVERYONE, "nobody-has-this"]))
RIGHTS = st.sampled_from([VIEW, "promote", "restore", "acknowledge"])
POLICIES = st.builds(
    Policies,
    rights=st.dictionaries(RIGHTS, HOLDERS),
    orders=st.dictionaries(
        st.sampled_from(["promote", "restore"]),
        st.builds(OrderPolicy, approvers=HOLDERS, approvals=st.integers(-1, 3), risk_approvals=st.integers(-1, 3)),
    ),
)
HUMANS = st.builds(Human, id=st.sampled_from(["U1", "U2", "U3"]), key=st.none() | KEYS)
DECIDED = st.lists(st.builds(Decided, human=HUMANS, decision=st.sampled_from(Decision)), max_size=5)


def person(key: str | None, *groups: str, id: str | None = None) -> Person:  # noqa: A002
    return Person(id or f"U-{key}", str(key), key, frozenset(groups))


STRANGER = Person("U-STRANGER", "Alice", None, frozenset())
POLICY = Policies(
    rights={VIEW: frozenset({EVERYONE}), "promote": frozenset({"dba"}), "restore": frozenset({EVERYONE})},
    orders={"promote": OrderPolicy(approvers=frozenset({"dba", "lead"}))},
)


PROMOTE = POLICY.orders["promote"]


def base(policies: Policies) -> OrderPolicy | None:
    return policies.orders.get("promote")


@given(POLICIES, PEOPLE, RIGHTS)
def test_a_right_is_held_by_key_or_group_and_in_no_other_way(policies: Policies, who: Person, right: str) -> None:
    holders = policies.rights.get(right, frozenset())
    named = who.key in holders or bool(who.groups & (holders - {EVERYONE}))
    assert may(policies, who, right).allowed == (named or (right == VIEW and EVERYONE in holders))


@given(POLICIES, PEOPLE, DECIDED)
def test_the_requester_never_approves_under_any_id(policies: Policies, who: Person, decided: list[Decided]) -> None:
    assert not may_approve(base(policies), who, "promote", human(who), decided).allowed
    assert not may_approve(base(policies), who, "promote", Human(who.id, None), decided).allowed
    if who.key is not None:
        assert not may_approve(base(policies), who, "promote", Human("another id", who.key), decided).allowed


@given(POLICIES, PEOPLE, HUMANS)
def test_one_person_counts_once(policies: Policies, who: Person, requester: Human) -> None:
    before = [Decided(human(who), Decision.APPROVE)]
    assert not may_approve(base(policies), who, "promote", requester, before).allowed
    assert approvals_count(before * 3, Human("somebody else")) == 1


@given(POLICIES, HUMANS, DECIDED, st.text())
def test_a_stranger_never_approves(policies: Policies, requester: Human, decided: list[Decided], name: str) -> None:
    stranger = Person("U-STRANGER", name, None, frozenset())
    assert not may_approve(base(policies), stranger, "promote", requester, decided).allowed
    assert not may_reject(base(policies), stranger, "promote", requester).allowed
    assert not may(policies, stranger, "promote").allowed


@given(POLICIES, PEOPLE, RIGHTS, HUMANS)
def test_whoever_is_outside_has_no_right_whatever_they_are_named(
    policies: Policies, who: Person, right: str, requester: Human
) -> None:
    """Slack Connect: not even what everyone may."""
    outside = replace(who, outside=True)
    assert not may(policies, outside, right).allowed
    assert not may_approve(base(policies), outside, "promote", requester, ()).allowed


@given(DECIDED, HUMANS)
def test_the_requester_never_counts(decided: list[Decided], requester: Human) -> None:
    others = [one for one in decided if not one.human.is_same(requester)]
    assert approvals_count(decided, requester) == approvals_count(others, requester)


@given(st.integers(-3, 5), st.integers(-3, 5))
def test_a_risk_never_asks_for_fewer_approvals(approvals: int, risk_approvals: int) -> None:
    policy = OrderPolicy(frozenset({"dba"}), approvals, risk_approvals)
    assert policy.needed(risky=True) >= policy.needed(risky=False) >= 1


@given(PEOPLE, HUMANS)
def test_the_requester_cancels_and_whoever_may_approve(who: Person, requester: Human) -> None:
    mine = human(who).is_same(requester)
    assert may_cancel(POLICY.orders["promote"], who, requester).allowed == (
        mine or is_approver(POLICY.orders["promote"], who)
    )
    assert may_cancel(None, who, requester).allowed == mine


def test_everyone_counts_for_looking_only() -> None:
    assert may(POLICY, STRANGER, VIEW).allowed
    assert not may(POLICY, STRANGER, "restore").allowed


def test_a_display_name_decides_nothing() -> None:
    impostor = Person("U-STRANGER", "alice", None, frozenset())
    policies = Policies(rights={"promote": frozenset({"alice"})})
    assert not may(policies, impostor, "promote").allowed


def test_an_order_without_a_policy_is_approved_by_nobody() -> None:
    ruling = may_approve(POLICY.orders.get("restore"), person("bob", "dba"), "restore", Human("U-alice", "alice"), ())
    assert not ruling.allowed
    assert "[policies.restore]" in ruling.line


def test_a_refusal_says_why_and_whom_to_ask() -> None:
    assert may(POLICY, STRANGER, "promote").line.endswith("Ask dba.")
    refused = may_approve(PROMOTE, person("alice", "dba"), "promote", Human("U-alice", "alice"), ())
    assert (
        refused.line
        == "You asked for this, so you cannot approve it. Somebody else of dba, lead must; you can cancel it."
    )


def test_who_approved_cannot_approve_again_under_another_id() -> None:
    first = Decided(Human("U-bob", "bob"), Decision.APPROVE)
    again = may_approve(PROMOTE, person("bob", "dba", id="U-other"), "promote", Human("U-alice", "alice"), (first,))
    assert not again.allowed
