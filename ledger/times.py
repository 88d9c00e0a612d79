"""Times in the ledger: UTC, ISO 8601, always the same width, so that they sort as text."""

from datetime import UTC, datetime


def to_text(at: datetime) -> str:
    """`2026-01-31T03:12:00.000000+00:00`. Raises ValueError for a time without a zone."""
    if at.utcoffset() is None:
        raise ValueError(f"a time without a time zone cannot be recorded: {at!r}; use an aware datetime")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def to_text_or_none(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)


def from_text_or_none(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
