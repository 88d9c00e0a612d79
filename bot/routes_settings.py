"""The settings' [[routes]]: where alerts go and whom they call, by severity, cluster, rule and hour."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from alerts.routes import Call, Route
from bot.hours_settings import HoursSettings
from bot.settings_mistakes import Mistake, nearest
from bot.settings_types import Name, SlackChannel
from ledger.alerts import Severity
from ledger.page import Mention

Globs = tuple[Annotated[str, Field(min_length=1, max_length=100)], ...]


class RouteSettings(HoursSettings):
    """One route; the first that matches an alert decides. `call`: people and groups in the order of escalation."""

    name: Name
    severities: tuple[Literal["info", "warning", "critical"], ...] = ()
    clusters: Globs = ()
    rules: Globs = ()
    channel: SlackChannel | None = None
    call: tuple[str, ...] = ()
    hold: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> "RouteSettings":
        if self.hold and self.severities == ("critical",):
            raise ValueError("hold does nothing here: what is critical is never held back")
        if self.hold and not self.timed:
            raise ValueError(
                'hold needs hours (from, to, days, time_zone): for good, use "/ha silences" or a threshold'
            )
        return self


def routes(sections: Sequence[RouteSettings], slack_ids: Mapping[str, Sequence[str]]) -> tuple[Route, ...]:
    """The same as the alerts know them. `slack_ids`: whom a mention of a person or group notifies."""
    return tuple(
        Route(
            name=section.name,
            severities=frozenset(map(Severity, section.severities)),
            clusters=section.clusters,
            rules=section.rules,
            window=section.window,
            channel=section.channel,
            calls=tuple(_call(key, slack_ids.get(key, ())) for key in section.call),
            hold=section.hold,
        )
        for section in sections
    )


def _call(key: str, slack_ids: Sequence[str]) -> Call:
    return Call(key, tuple(Mention(key, slack_id, notify=True) for slack_id in slack_ids))


def mistakes_in_routes(
    raw: object, known: frozenset[str], clusters: Mapping[str, Any], rules: Sequence[str]
) -> Iterator[Mistake]:
    """Names that routes refer to and that are nowhere, over the raw values. `known`: people and groups; `rules`: the
    names of all rules."""
    seen: set[str] = set()
    for number, section in enumerate(raw if isinstance(raw, list | tuple) else ()):
        if not isinstance(section, Mapping):
            continue
        key, name = f"routes.{number}", section.get("name")
        if isinstance(name, str) and name in seen:
            yield Mistake(f"{key}.name", f"{name!r} is the name of another route", "give each route its own")
        seen.add(str(name))
        for called in _texts(section.get("call")):
            if called not in known:
                found = nearest(called, tuple(known))
                mend = f"did you mean {found!r}?" if found else "name somebody of [people] or [groups]"
                yield Mistake(f"{key}.call", f"names {called!r}, no group or person", mend)
        yield from _globs_fit(f"{key}.clusters", section.get("clusters"), tuple(clusters), "cluster")
        yield from _globs_fit(f"{key}.rules", section.get("rules"), rules, "rule")


def _globs_fit(key: str, value: object, names: Sequence[str], what: str) -> Iterator[Mistake]:
    """A pattern that fits nothing is a typing mistake that would only be found at night."""
    for glob in _texts(value):
        if not any(fnmatchcase(name, glob.casefold()) for name in names):
            found = nearest(glob, tuple(names))
            mend = f"did you mean {found!r}?" if found else f"there are {', '.join(names[:8])}"
            yield Mistake(key, f"{glob!r} fits no {what}", mend)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()
