"""Which minor releases of PostgreSQL there are, as far as this version of Understudy knows, and how long they come.

Nothing asks the network for them: the table is brought up to date with Understudy, and says as of when it is. Whoever
runs a newer release is ahead of it, which is well. https://www.postgresql.org/support/versioning/
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Release:
    """The newest minor release of a major version that is known here, its day, and the last day of support."""

    minor: int
    released: date
    supported_until: date


# 18.5 was never released.
KNOWN_AS_OF = date(2026, 8, 13)
RELEASES = {
    13: Release(23, date(2025, 11, 13), date(2025, 11, 13)),
    14: Release(24, date(2026, 8, 13), date(2026, 11, 12)),
    15: Release(19, date(2026, 8, 13), date(2027, 11, 11)),
    16: Release(15, date(2026, 8, 13), date(2028, 11, 9)),
    17: Release(11, date(2026, 8, 13), date(2029, 11, 8)),
    18: Release(6, date(2026, 8, 13), date(2030, 11, 14)),
}


def version_text(number: int) -> str:
    """“18.4” for server_version_num 180004."""
    return f"{number // 10_000}.{number % 10_000}"


def newer_release(number: int) -> Release | None:
    """The newest known release of the same major version, where it is newer than this server_version_num."""
    known = RELEASES.get(number // 10_000)
    return known if known is not None and known.minor > number % 10_000 else None
