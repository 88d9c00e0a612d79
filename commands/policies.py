"""The approval policy of an order, for a cluster and a moment: a base, and overrides in the order in which they stand.

Pure. Every override that matches counts, a later one over an earlier one, key by key. What nobody wrote down gives
nothing: an order without a base has no policy at all, whatever overrides say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ledger.hours import Window

TERMINAL_PLACE = "terminal"  # among a policy's channels: the terminal


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """Who asks for an order, who approves it, how many of them, where, and for how long it waits for them.

    `askers`, `approvers` and `break_glass` are keys of groups or people. `askers`: None for whoever holds the order's
    right. `risk_approvals` is asked for when a plan carries risks. `channels`: Slack ids and "terminal"; None for
    anywhere. `break_glass`: who may start it alone; `break_glass_risk`: even with a risk that no check can rule out.
    `also_among`: an approver must be among these as well (see `binding`); None asks for nothing more.
    """

    approvers: frozenset[str]
    approvals: int = 1
    risk_approvals: int = 2
    expires: timedelta = timedelta(minutes=15)
    reason_required: bool = True
    askers: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    break_glass: frozenset[str] = frozenset()
    break_glass_risk: bool = False
    also_among: frozenset[str] | None = None

    def needed(self, *, risky: bool) -> int:
        """How many people must approve. Never fewer with a risk than without one, and never none."""
        return max(1, self.approvals, self.risk_approvals if risky else 1)


@dataclass(frozen=True, slots=True)
class Override:
    """What differs from the base for some clusters (none named: all) or some hours (no window: always).

    None leaves a key as it is.
    """

    clusters: frozenset[str] = frozenset()
    window: Window | None = None
    approvers: frozenset[str] | None = None
    approvals: int | None = None
    risk_approvals: int | None = None
    expires: timedelta | None = None
    reason_required: bool | None = None
    askers: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    break_glass: frozenset[str] | None = None
    break_glass_risk: bool | None = None

    def matches(self, cluster: str, at: datetime) -> bool:
        here = not self.clusters or cluster in self.clusters
        return here and (self.window is None or self.window.contains(at))

    def applied(self, policy: OrderPolicy) -> OrderPolicy:
        """The policy with what this one says instead."""
        given = {name: value for name in _OVERRIDABLE if (value := getattr(self, name)) is not None}
        return replace(policy, **given)


_OVERRIDABLE = (
    "approvers", "approvals", "risk_approvals", "expires", "reason_required", "askers", "channels", "break_glass",
    "break_glass_risk",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policies:
    """The settings' rights and policies.

    `rights`: right → keys of groups and people, or "everyone" for `view`. `orders`: an order's name → the base of its
    policy; `overrides`: the same → what differs when. `policy_for` is the one way to read these two.
    `slack_ids`: key of a group or person → the Slack ids that a mention of them notifies. `people`: key of a person →
    their Slack id.
    """

    rights: Mapping[str, frozenset[str]] = field(default_factory=dict)
    orders: Mapping[str, OrderPolicy] = field(default_factory=dict)
    overrides: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)
    slack_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


def policy_for(policies: Policies, order: str, cluster: str, at: datetime) -> OrderPolicy | None:
    """The policy in force for that order, cluster and moment; None where nobody may do anything. `at` is aware."""
    policy = policies.orders.get(order)
    if policy is None:
        return None
    for override in policies.overrides.get(order, ()):
        if override.matches(cluster, at):
            policy = override.applied(policy)
    return policy


def next_change(policies: Policies, order: str, cluster: str, at: datetime) -> datetime | None:
    """When another policy will be in force, within the next eight days; None where none will."""
    now = policy_for(policies, order, cluster, at)
    windows = [one.window for one in policies.overrides.get(order, ()) if one.window is not None]
    edges = sorted({edge for window in windows for edge in window.edges(at) if edge > at})
    return next((edge for edge in edges if policy_for(policies, order, cluster, edge) != now), None)


def binding(promised: OrderPolicy | None, now: OrderPolicy | None) -> OrderPolicy | None:
    """What a decision must meet: the rules of this moment, and never less than the card promised when it was asked for.

    An approver must be one by both; the larger number of approvals counts; a place must be allowed by both. None where
    there is no policy now. `promised` is None for operations of before policies were kept.
    """
    if promised is None or now is None:
        return now
    return replace(
        now,
        approvals=max(promised.needed(risky=False), now.approvals),
        risk_approvals=max(promised.needed(risky=True), now.risk_approvals),
        channels=_both(promised.channels, now.channels),
        also_among=promised.approvers if promised.approvers != now.approvers else None,
    )


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
