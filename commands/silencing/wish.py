"""What somebody who wants silence has said, typed or filled in. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from commands.command import Misunderstood
from commands.parse import COMMAND, echo
from commands.tidy import LONGEST_REASON, tidy
from ledger.alerts import Severity
from ledger.durations import parse_seconds

LONGEST = timedelta(days=30)  # what is silenced for longer is a threshold to be changed
LONGEST_GLOB = 100
MATCHERS = ("cluster", "rule", "subject", "severity")
USAGE = "silences add cluster=… rule=… subject=… severity=… for 2h reason"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be silent, for how long, and why. None matches everything; `severity` is the worst that is hidden."""

    cluster: str | None
    rule: str | None
    subject: str | None
    severity: Severity | None
    lasts: timedelta
    reason: str


def typed_wish(words: Sequence[str]) -> Wish:
    """From words such as "cluster=shop rule=disk for 2h new disks arrive". Raises Misunderstood."""
    left, values = list(words), {}
    while left and "=" in left[0]:
        key, _, value = left.pop(0).partition("=")
        if key.casefold() not in MATCHERS:
            raise Misunderstood(f"“{echo(key)}” is nothing to go by; there are {', '.join(MATCHERS)}. {_type()}")
        values[key.casefold()] = value
    if len(left) < 2 or left[0].casefold() != "for":
        raise Misunderstood(f"For how long? {_type()}")
    values["lasts"], values["reason"] = left[1], " ".join(left[2:])
    errors = mistakes(values)
    if errors:
        raise Misunderstood(f"{next(iter(errors.values()))} {_type()}")
    return wish_of(values)


def mistakes(values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the values, by field, and what would be right."""
    errors: dict[str, str] = {}
    if not any(values.get(key, "").strip() for key in ("cluster", "rule", "subject")):
        errors["cluster"] = "Silent about what? Name a cluster, a rule or a subject; cluster=* is all of them."
    for key in ("cluster", "rule", "subject"):
        if len(values.get(key, "")) > LONGEST_GLOB:
            errors[key] = f"At most {LONGEST_GLOB} characters."
    severity = values.get("severity", "").strip().casefold()
    if severity and severity not in tuple(Severity):
        errors["severity"] = f"The worst that is hidden: {', '.join(Severity)}; leave it out for all."
    if (wrong := _wrong_duration(values.get("lasts", ""))) is not None:
        errors["lasts"] = wrong
    reason = tidy(values.get("reason", ""))
    if not reason:
        errors["reason"] = "Say in a few words why: others will wonder at night."
    elif len(reason) > LONGEST_REASON:
        errors["reason"] = f"That reason is {len(reason)} characters long; {LONGEST_REASON} are enough."
    return errors


def wish_of(values: Mapping[str, str]) -> Wish:
    """The wish; the values have no mistakes."""
    severity = values.get("severity", "").strip().casefold()
    return Wish(
        cluster=_glob(values, "cluster"),
        rule=_glob(values, "rule"),
        subject=_glob(values, "subject"),
        severity=Severity(severity) if severity else None,
        lasts=timedelta(seconds=parse_seconds(values["lasts"].strip().casefold())),
        reason=tidy(values["reason"]),
    )


def _glob(values: Mapping[str, str], key: str) -> str | None:
    return tidy(values.get(key, "")) or None


def _wrong_duration(text: str) -> str | None:
    try:
        lasts = timedelta(seconds=parse_seconds(text.strip().casefold()))
    except (ValueError, OverflowError):
        return f"“{echo(text)}” is no duration; write 30m, 2h or 1d."
    return f"At most {LONGEST.days}d: for longer, change the threshold." if lasts > LONGEST else None


def _type() -> str:
    return f"Type: {COMMAND} {USAGE}"
