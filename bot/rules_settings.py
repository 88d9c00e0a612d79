"""The settings' [[rules]]: rules of one's own over whatever the probes observe."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from alerts.rules import RULES
from alerts.rules.custom.custom_rule import CustomRule
from alerts.rules.custom.parser import UnknownName, parse
from alerts.rules.custom.tokens import Mistaken
from alerts.rules.custom.values import value_names
from bot.settings_mistakes import Mistake, nearest
from bot.settings_types import Section
from ledger.alerts import Severity
from ledger.durations import parse_seconds

# For the template of the settings.
EXAMPLE = """\
# Rules of your own, over whatever is observed; docs/history-and-rules.md. The names of values: understudy rules list
# --values. To try rules on the recorded past: understudy rules test
# [[rules]]
# name = "falling_behind"
# expression = "replay_lag_bytes > 16MB and delta(replay_lag_bytes, 10m) > 0"
# for = "2m"
# keep_firing_for = "5m"
# severity = "warning"              # or "info", "critical"
# why = "The standby falls behind faster than it catches up."
# what_to_do = "Look at the standby's disk, and for long queries there."
"""
BUILT_IN = tuple(rule.name for rule in RULES)


def _seconds_or_none_at_all(value: object) -> float:
    return 0.0 if value in (0, "0", "0s") else parse_seconds(value)


Duration = Annotated[float, BeforeValidator(_seconds_or_none_at_all)]


class RuleSettings(Section):
    """One rule. `expression` is true where something is bad."""

    # It stands in the ledger and in silences: the same characters as the built-in ones have.
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    expression: str
    hold: Duration = Field(0.0, alias="for")
    keep_firing_for: Duration = 0.0
    severity: Literal["info", "warning", "critical"] = "warning"
    why: Annotated[str, Field(min_length=1, max_length=500)]
    what_to_do: Annotated[str, Field(min_length=1, max_length=500)]


def custom_rules(sections: Sequence[RuleSettings]) -> tuple[CustomRule, ...]:
    """The same as the alerts know them; the expressions were checked."""
    return tuple(
        CustomRule(
            name=section.name,
            text=section.expression,
            expression=parse(section.expression, value_names()),
            hold=section.hold,
            keep=section.keep_firing_for,
            severity=Severity(section.severity),
            why=section.why,
            mend=section.what_to_do,
        )
        for section in sections
    )


def rule_names(raw: object) -> tuple[str, ...]:
    """The names of all rules: the built-in ones, and those in the raw settings."""
    sections = raw if isinstance(raw, list | tuple) else ()
    own = (section.get("name") for section in sections if isinstance(section, Mapping))
    return (*BUILT_IN, *(name for name in own if isinstance(name, str)))


def mistakes_in_rules(raw: object) -> Iterator[Mistake]:
    """What the shape cannot say, over the raw values."""
    seen: set[str] = set()
    for number, section in enumerate(raw if isinstance(raw, list | tuple) else ()):
        if isinstance(section, Mapping):
            yield from _name(f"rules.{number}.name", section.get("name"), seen)
            yield from _expression(f"rules.{number}.expression", section.get("expression"))


def _name(key: str, name: Any, seen: set[str]) -> Iterator[Mistake]:
    if name in BUILT_IN:
        yield Mistake(
            key, f"{name!r} is the name of a built-in rule", "give it another; `understudy rules list` has all"
        )
    elif isinstance(name, str) and name in seen:
        yield Mistake(key, f"{name!r} is the name of another rule", "give each rule its own")
    seen.add(str(name))


def _expression(key: str, text: object) -> Iterator[Mistake]:
    if not isinstance(text, str):
        return
    try:
        parse(text, value_names())
    except UnknownName as error:
        found = nearest(error.name, value_names())
        right = f"did you mean {found!r}?" if found else "`understudy rules list --values` shows every name"
        yield Mistake(key, f"at character {error.at}: {error}", right)
    except Mistaken as error:
        yield Mistake(key, f"at character {error.at} cannot be read", str(error))
