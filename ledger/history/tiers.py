"""How finely the past is remembered, and for how long."""

from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Tier:
    """Buckets of `step` seconds, kept for `keep` seconds, `span` seconds of them in one row of the file."""

    number: int
    step: int
    keep: int
    span: int


# A day and a month are what one asks for; a little more is kept, so that they are whole whenever one asks.
FINE = Tier(0, 10, 25 * HOUR, HOUR)
MIDDLE = Tier(1, 5 * MINUTE, 32 * DAY, DAY)
COARSE = Tier(2, HOUR, 731 * DAY, DAY)
TIERS = (FINE, MIDDLE, COARSE)
