"""The policy in force: which one it is for a cluster and a moment, and that it never gives more than was written."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from commands.authority import Human, is_approver, may, may_approve, may_ask, may_ever_ask
from commands.people import Person
from commands.policies import OrderPolicy, Override, Policies, binding, policy_for
from ledger.hours import Window

VIENNA = ZoneInfo("Europe/Vienna")
NIGHT = Window(time(22), time(6), VIENNA)
KEYS = st.sampled_from(["alice", "bob", "dba", "oncall", "everyone"])
SOME = st.frozensets(KEYS, max_size=3)
CLUSTERS = st.sampled_from(["shop", "books"])
MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
WINDOWS = st.builds(
    Window,
    start=st.times(),
    end=st.times(),
    zone=st.sampled_from([VIENNA, ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]),
    days=st.frozensets(st.integers(0, 6)),
)
OVERRIDES = st.builds(
    Override,
    clusters=st.frozensets(CLUSTERS),
    window=st.none() | WINDOWS,
    approvers=st.none() | SOME,
    approvals=st.none() | st.integers(1, 3),
    risk_approvals=st.none() | st.integers(1, 3),
    askers=st.none() | SOME,
    channels=st.none() | st.frozensets(st.sampled_from(["C1", "C2", "terminal"])),
    break_glass=st.none() | SOME,
)
BASES = st.builds(OrderPolicy, approvers=SOME, approvals=st.integers(1, 3), break_glass=SOME, askers=st.none() | SOME)
POLICIES = st.builds(
    Policies,
    rights=st.dictionaries(st.just("promote"), SOME),
    orders=st.dictionaries(st.just("promote"), BASES),
    overrides=st.dictionaries(st.just("promote"), st.lists(OVERRIDES, max_size=4).map(tuple)),
)
PEOPLE = st.builds(
    Person,
    id=st.sampled_from(["U1", "U2"]),
    name=st.just("somebody"),
    key=st.none() | st.sampled_from(["alice", "bob"]),
    groups=st.frozensets(st.sampled_from(["dba", "oncall", "everyone"])),
)


def vienna(*when: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = when
    return datetime(year, month, day, hour, minute, fold=fold, tzinfo=VIENNA).astimezone(UTC)


@given(POLICIES, CLUSTERS, MOMENTS, PEOPLE)
def test_an_override_never_gives_anything_to_somebody_whom_nobody_named(
    policies: Policies, cluster: str, at: datetime, who: Person
) -> None:
    policy = policy_for(policies, "promote", cluster, at)
    written: list[OrderPolicy | Override] = [*policies.orders.values()]
    written += [one for rules in policies.overrides.values() for one in rules]
    named = {key for one in written for key in (*(one.approvers or ()), *(one.askers or ()), *(one.break_glass or ()))}
    named |= {key for holders in policies.rights.values() for key in holders}
    if not ({who.key} | who.groups) & (named - {"everyone"}):
        assert not may_approve(policy, who, "promote", Human("U9"), ()).allowed
        assert not may_ask(policies, policy, who, "promote", "promote").allowed


@given(POLICIES, CLUSTERS, MOMENTS, PEOPLE)
def test_who_may_ask_now_may_ask_at_some_time(policies: Policies, cluster: str, at: datetime, who: Person) -> None:
    """So nobody is turned away by the first question who would have passed the second."""
    policy = policy_for(policies, "promote", cluster, at)
    if may_ask(policies, policy, who, "promote", "promote").allowed:
        assert may_ever_ask(policies, who, "promote", "promote").allowed or may(policies, who, "promote").allowed


@given(POLICIES, CLUSTERS, MOMENTS, PEOPLE)
def test_whoever_asked_never_approves_whatever_the_policy(
    policies: Policies, cluster: str, at: datetime, who: Person
) -> None:
    policy = policy_for(policies, "promote", cluster, at)
    assert not may_approve(policy, who, "promote", Human(who.id, None), ()).allowed
    if who.key is not None:
        assert not may_approve(policy, who, "promote", Human("U9", who.key), ()).allowed


@given(st.lists(OVERRIDES, max_size=4), CLUSTERS, MOMENTS)
def test_without_a_base_there_is_no_policy(overrides: list[Override], cluster: str, at: datetime) -> None:
    assert policy_for(Policies(overrides={"promote": tuple(overrides)}), "promote", cluster, at) is None


@given(BASES, BASES, PEOPLE, st.booleans())
def test_what_was_promised_is_never_undercut(promised: OrderPolicy, now: OrderPolicy, who: Person, risky: bool) -> None:
    both = binding(promised, now)
    assert both is not None
    assert both.needed(risky=risky) >= max(promised.needed(risky=risky), now.needed(risky=risky))
    assert is_approver(both, who) == (is_approver(promised, who) and is_approver(now, who))


@given(WINDOWS, MOMENTS)
def test_a_window_and_the_rest_of_the_day_share_out_time(window: Window, at: datetime) -> None:
    """Whatever the clocks do: each moment is in one of the two, and in one only."""
    if window.start == window.end:
        return
    every_day = replace(window, days=frozenset())
    rest = replace(every_day, start=window.end, end=window.start)
    assert every_day.contains(at) is not rest.contains(at)
    each = [replace(window, days=frozenset({day})).contains(at) for day in range(7)]
    assert sum(each) == every_day.contains(at)


def test_a_night_passes_midnight_and_belongs_to_the_day_on_which_it_began() -> None:
    friday = replace(NIGHT, days=frozenset({4}))
    assert friday.contains(vienna(2026, 1, 30, 22, 0))
    assert friday.contains(vienna(2026, 1, 31, 5, 59))
    assert not friday.contains(vienna(2026, 1, 31, 6, 0))
    assert not friday.contains(vienna(2026, 1, 30, 5, 0))
    assert not friday.contains(vienna(2026, 1, 31, 23, 0))


def test_the_wall_clock_decides_when_the_clocks_are_changed() -> None:
    """On 25 October 2026 the hour from two to three comes twice; on 29 March it does not come."""
    small_hour = Window(time(2), time(3), VIENNA)
    assert small_hour.contains(vienna(2026, 10, 25, 2, 30))
    assert small_hour.contains(vienna(2026, 10, 25, 2, 30, fold=1))
    before = vienna(2026, 3, 29, 1, 59)
    assert not any(small_hour.contains(before + timedelta(minutes=minutes)) for minutes in range(120))
    assert NIGHT.contains(vienna(2026, 3, 29, 5, 59))
    assert not NIGHT.contains(vienna(2026, 3, 29, 6, 0))


def test_a_later_override_counts_over_an_earlier_one_key_by_key() -> None:
    policies = Policies(
        orders={"promote": OrderPolicy(frozenset({"dba"}), approvals=1)},
        overrides={
            "promote": (
                Override(clusters=frozenset({"shop"}), approvals=2, approvers=frozenset({"lead"})),
                Override(window=NIGHT, approvers=frozenset({"oncall"})),
            )
        },
    )
    day, night = vienna(2026, 1, 30, 12, 0), vienna(2026, 1, 30, 23, 0)

    def seen(cluster: str, at: datetime) -> tuple[list[str], int]:
        policy = policy_for(policies, "promote", cluster, at)
        assert policy is not None
        return sorted(policy.approvers), policy.approvals

    assert seen("books", day) == (["dba"], 1)
    assert seen("shop", day) == (["lead"], 2)
    assert seen("books", night) == (["oncall"], 1)
    assert seen("shop", night) == (["oncall"], 2)
