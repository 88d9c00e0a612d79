"""How long to wait between two looks at a job that runs by itself on a host."""

_SHORTEST, _LONGEST = 0.1, 2.0  # seconds
_SHARE = 0.02


def pause_after(elapsed: float) -> float:
    """Seconds until the next look at what has run for `elapsed` seconds.

    Whoever waits learns of the end later by a fiftieth of what it took at most, and a job of hours is looked at no
    oftener than every two seconds.
    """
    return min(max(_SHORTEST, _SHARE * elapsed), _LONGEST)
