"""Where a series is going: a straight line through it by least squares. Pure."""

from dataclasses import dataclass

from ledger.history.series import Series

LEAST_POINTS = 5
STEADY = 0.05  # of the largest value: what moves less over the whole stretch does not move
FAR = 90 * 86_400.0  # seconds; nobody plans by a line that is drawn out further
REACH = 4  # times as long as was watched: as far as the rule full_in draws it out


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope` in the series' unit a second. `steady`: too little to speak of."""

    slope: float
    steady: bool


def trend(series: Series) -> Trend | None:
    """None where too little is known to tell."""
    points = [(number * series.step, bucket.mean) for number, bucket in enumerate(series.buckets) if bucket is not None]
    if len(points) < LEAST_POINTS:
        return None
    middle = sum(at for at, _ in points) / len(points)
    level = sum(value for _, value in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    slope = sum((at - middle) * (value - level) for at, value in points) / spread
    over = abs(slope) * (points[-1][0] - points[0][0])
    return Trend(slope, over <= STEADY * max(abs(value) for _, value in points))


def seconds_until(series: Series, limit: float) -> float | None:
    """How long until it reaches the limit, if it goes on like this; None where it does not, or not in sight."""
    going, known = trend(series), series.known
    if going is None or going.steady or going.slope <= 0 or known[-1].mean >= limit:
        return None
    seconds = (limit - known[-1].mean) / going.slope
    return seconds if seconds <= min(FAR, REACH * _watched(series)) else None


def _watched(series: Series) -> float:
    """From the first to the last that is known, in seconds."""
    known = [number for number, bucket in enumerate(series.buckets) if bucket is not None]
    return (known[-1] - known[0]) * series.step
