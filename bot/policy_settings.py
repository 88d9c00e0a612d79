"""The settings' [policies]: a base for each order, and what differs by cluster and hour ([[policies.ORDER.when]]).

The models say the shape, the checks beside them what the shape cannot: names that must stand elsewhere.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from bot.hours_settings import HoursSettings
from bot.settings_mistakes import Mistake, nearest
from bot.settings_types import Seconds, Section
from commands.policies import TERMINAL_PLACE, OrderPolicy, Override

EVERYONE = "everyone"
_PEOPLE_KEYS = ("approvers", "askers", "break_glass")


Keys = tuple[str, ...]
Place = Annotated[str, StringConstraints(pattern=rf"^([CGD][A-Z0-9]{{2,20}}|{TERMINAL_PLACE})$")]
SomeKeys = Annotated[Keys, Field(min_length=1)]
Places = Annotated[tuple[Place, ...], Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=10)]


class WhenSettings(HoursSettings):
    """What differs for some clusters or hours. A key that is not given stays as it is."""

    clusters: Keys = ()
    approvers: SomeKeys | None = None
    approvals: Count | None = None
    risk_approvals: Count | None = None
    expires: Seconds | None = None
    reason_required: bool | None = None
    askers: SomeKeys | None = None
    channels: Places | None = None
    break_glass: Keys | None = None
    break_glass_risk: bool | None = None

    @model_validator(mode="after")
    def _whole(self) -> "WhenSettings":
        if not self.timed and not self.clusters:
            raise ValueError("says neither clusters nor hours: write it into the base, or add clusters or hours")
        return self


class PolicySettings(Section):
    """Who asks for an order and who approves it. `risk_approvals` is asked for when the plan carries a risk that no
    check can rule out."""

    approvers: SomeKeys
    approvals: Count = 1
    risk_approvals: Count = 2
    expires: Seconds = 900.0
    reason_required: bool = True
    askers: SomeKeys | None = None
    channels: Places | None = None
    break_glass: Keys = ()
    break_glass_risk: bool = False
    when: tuple[WhenSettings, ...] = ()


def policy_from(section: PolicySettings) -> OrderPolicy:
    """The base."""
    return OrderPolicy(
        approvers=frozenset(section.approvers),
        approvals=section.approvals,
        risk_approvals=section.risk_approvals,
        expires=timedelta(seconds=section.expires),
        reason_required=section.reason_required,
        askers=_keys(section.askers),
        channels=_keys(section.channels),
        break_glass=frozenset(section.break_glass),
        break_glass_risk=section.break_glass_risk,
    )


def overrides_from(section: PolicySettings) -> tuple[Override, ...]:
    """What differs from it, in the order in which it is written."""
    return tuple(_override(when) for when in section.when)


def _override(when: WhenSettings) -> Override:
    return Override(
        clusters=frozenset(when.clusters),
        window=when.window,
        approvers=_keys(when.approvers),
        approvals=when.approvals,
        risk_approvals=when.risk_approvals,
        expires=None if when.expires is None else timedelta(seconds=when.expires),
        reason_required=when.reason_required,
        askers=_keys(when.askers),
        channels=_keys(when.channels),
        break_glass=_keys(when.break_glass),
        break_glass_risk=when.break_glass_risk,
    )


def _keys(names: Keys | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def mistakes_in_names(
    key: str, section: Mapping[str, Any], known: frozenset[str], clusters: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Names of people, groups, clusters and channels in one policy and what overrides it, over the raw values."""
    yield from _names_known(key, section, known)
    yield from _channels_reach(key, section, clusters)
    whens = section.get("when")
    for number, when in enumerate(whens if isinstance(whens, list | tuple) else ()):
        if not isinstance(when, Mapping):
            continue
        place = f"{key}.when.{number}"
        yield from _names_known(place, when, known)
        named = _names(when.get("clusters"))
        for name in named:
            if name not in clusters:
                yield Mistake(f"{place}.clusters", f"names {name!r}, no cluster", _mend(name, frozenset(clusters)))
        yield from _channels_reach(place, when, {one: clusters[one] for one in named or clusters if one in clusters})


def _names_known(key: str, section: Mapping[str, Any], known: frozenset[str]) -> Iterator[Mistake]:
    for field in _PEOPLE_KEYS:
        for name in _names(section.get(field)):
            if name == EVERYONE:
                yield Mistake(f"{key}.{field}", "may not be everyone", "name the groups or people")
            elif name not in known:
                yield Mistake(f"{key}.{field}", f"names {name!r}, no group or person", _mend(name, known))


def _channels_reach(key: str, section: Mapping[str, Any], clusters: Mapping[str, Any]) -> Iterator[Mistake]:
    """Where the card with its buttons goes, they must be allowed to be pressed."""
    channels = _names(section.get("channels"))
    if not channels or TERMINAL_PLACE in channels:
        return
    for name, cluster in clusters.items():
        channel = cluster.get("channel") if isinstance(cluster, Mapping) else None
        if isinstance(channel, str) and channel not in channels:
            wrong = f"leave out {channel}, where the card of {name} is to be approved"
            yield Mistake(f"{key}.channels", wrong, f'add "{channel}"')


def _mend(name: str, known: frozenset[str]) -> str:
    found = nearest(name, tuple(sorted(known)))
    if found:
        return f"did you mean {found!r}?"
    return f"known are {', '.join(sorted(known))}" if known else "add it first"


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list | tuple) else ()
