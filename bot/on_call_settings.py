"""The settings' [on_call.NAME]: who is called by what they are on call for. Routes call them by that name."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr

from bot.hours_settings import Hour, Zone
from bot.on_call.keeper import Duty
from bot.on_call.rota import Rota
from bot.on_call.schedule import GrafanaOnCall, Opsgenie, PagerDuty, Schedule
from bot.settings_mistakes import PREFIX, Mistake, nearest
from bot.settings_types import Section


class RotaSettings(Section):
    """People who take turns: each for `days` days from `start` on, handing over at `handover`."""

    kind: Literal["rota"]
    people: Annotated[tuple[str, ...], Field(min_length=1)]
    start: date
    days: Annotated[int, Field(ge=1, le=366)] = 7
    handover: Hour = time(9)
    time_zone: Zone = "UTC"


class ScheduleSettings(Section):
    """A schedule that is kept elsewhere. Its people are found by [people.NAME] email; `fallback` is called else."""

    kind: Literal["pagerduty", "opsgenie", "grafana"]
    schedule: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
    token: SecretStr | None = None
    url: str | None = None
    fallback: Annotated[tuple[str, ...], Field(min_length=1)]


OnCallSettings = Annotated[RotaSettings | ScheduleSettings, Field(discriminator="kind")]


def duties(sections: Mapping[str, RotaSettings | ScheduleSettings]) -> tuple[Duty, ...]:
    """The same as the bot asks for them."""
    return tuple(_duty(name, section) for name, section in sections.items())


def _duty(name: str, section: RotaSettings | ScheduleSettings) -> Duty:
    if isinstance(section, RotaSettings):
        zone = ZoneInfo(section.time_zone)
        rota = Rota(section.people, section.start, section.days, section.handover, zone)
        return Duty(name, section.people, rota=rota)
    return Duty(name, section.fallback, schedule=_schedule(section))


def _schedule(section: ScheduleSettings) -> Schedule:
    token = section.token.get_secret_value() if section.token else ""
    url = {"url": section.url.rstrip("/")} if section.url else {}
    match section.kind:
        case "pagerduty":
            return PagerDuty(section.schedule, token, **url)
        case "opsgenie":
            return Opsgenie(section.schedule, token, **url)
        case "grafana":
            return GrafanaOnCall(section.schedule, token, url["url"])


def mistakes_in_on_call(raw: object, people: Sequence[str], groups: Sequence[str]) -> Iterator[Mistake]:
    """What the sections' shape cannot say, over the raw values."""
    for name, section in raw.items() if isinstance(raw, Mapping) else ():
        if not isinstance(section, Mapping):
            continue
        key = f"on_call.{name}"
        if name in people or name in groups:
            yield Mistake(key, "has the name of a person or a group", "give it a name of its own")
        yield from _unknown(f"{key}.people", section.get("people"), people)
        yield from _unknown(f"{key}.fallback", section.get("fallback"), (*people, *groups))
        if section.get("kind") in ("pagerduty", "opsgenie", "grafana"):
            yield from _reached(key, section)


def _reached(key: str, section: Mapping[str, Any]) -> Iterator[Mistake]:
    if not section.get("token"):
        variable = f"{PREFIX}{key.upper().replace('.', '__')}__TOKEN"
        yield Mistake(f"{key}.token", "is missing", f"set {variable}, or write it into a secret file")
    url = section.get("url")
    if url is None and section["kind"] == "grafana":
        yield Mistake(f"{key}.url", "is missing", "write the API URL that Grafana OnCall's settings show")
    if url is not None and not str(url).startswith(("https://", "http://")):
        yield Mistake(f"{key}.url", "is no URL", 'write one that begins with "https://"')


def _unknown(key: str, named: object, known: Sequence[str]) -> Iterator[Mistake]:
    for name in named if isinstance(named, list | tuple) else ():
        if isinstance(name, str) and name not in known:
            found = nearest(name, tuple(known))
            mend = f"did you mean {found!r}?" if found else "name somebody of [people] or [groups]"
            yield Mistake(key, f"names {name!r}, which is not there", mend)
