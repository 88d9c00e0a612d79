"""Where an alert goes and whom it calls, by severity, cluster, rule, day and hour. Pure.

The routes are read in their order, and the first that matches decides. None matches: the cluster's own channel, and
nobody is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from ledger.alerts import Severity
from ledger.hours import Window
from ledger.page import Mention


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to be called: a group or a person of the settings, by what Slack notifies for them."""

    name: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """`severities`, `clusters` and `rules` empty: all (the latter two are globs); `window` None: always. `channel`
    None: the cluster's own. `calls` in the order of escalation. `hold`: nothing is said in these hours, and what still
    fires when they are over is told then."""

    name: str
    severities: frozenset[Severity] = frozenset()
    clusters: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    window: Window | None = None
    channel: str | None = None
    calls: tuple[Call, ...] = ()
    hold: bool = False

    def matches(self, severity: Severity, cluster: str, rule: str, now: datetime) -> bool:
        return (
            (not self.severities or severity in self.severities)
            and _any_fits(self.clusters, cluster)
            and _any_fits(self.rules, rule)
            and (self.window is None or self.window.contains(now))
        )


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it is said, who is called in turn, and what holds it back until the hours change."""

    channel: str
    calls: tuple[Call, ...] = ()
    held_by: str | None = None


def destination(
    routes: Sequence[Route], own_channel: str, severity: Severity, cluster: str, rule: str, now: datetime
) -> Destination:
    """By the first route that matches. What is critical is never held back: a route that would is passed over."""
    for route in routes:
        if route.hold and severity is Severity.CRITICAL:
            continue
        if route.matches(severity, cluster, rule, now):
            held_by = f"hours/{route.name}" if route.hold else None
            return Destination(route.channel or own_channel, route.calls, held_by)
    return Destination(own_channel)


def channels_of(routes: Sequence[Route], own_channel: str, cluster: str) -> tuple[str, ...]:
    """Every channel in which an alert of that cluster may be told."""
    routed = (route.channel for route in routes if route.channel is not None and _any_fits(route.clusters, cluster))
    return tuple(dict.fromkeys((own_channel, *routed)))


def _any_fits(globs: Sequence[str], text: str) -> bool:
    return not globs or any(fnmatchcase(text.casefold(), glob.casefold()) for glob in globs)
