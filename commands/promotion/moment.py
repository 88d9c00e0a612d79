"""When something is to happen: “at 03:00”, “at 2026-11-25T03:00Z”. Always UTC, and never in the past."""

from datetime import UTC, datetime, time, timedelta

from commands.command import Misunderstood
from commands.parse import echo

LONGEST = timedelta(days=14)


def moment(word: str, now: datetime) -> datetime:
    """A time of day is the next one there is; a date and time may name its own offset. Raises Misunderstood."""
    try:
        at = _parsed(word, now)
    except ValueError:
        raise Misunderstood(f"“{echo(word)}” is no time; write 03:00 or 2026-11-25T03:00Z, in UTC.") from None
    if at <= now:
        raise Misunderstood(f"{at:%Y-%m-%d %H:%M} UTC is over already; it is {now:%H:%M} UTC now.")
    if at - now > LONGEST:
        raise Misunderstood(f"{at:%Y-%m-%d %H:%M} UTC is too far away: {LONGEST.days} days at most.")
    return at


def _parsed(word: str, now: datetime) -> datetime:
    if len(word) <= len("03:00:00"):
        at = datetime.combine(now.astimezone(UTC), time.fromisoformat(word), UTC)
        return at if at > now else at + timedelta(days=1)
    at = datetime.fromisoformat(word.upper())
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)
