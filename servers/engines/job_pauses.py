"""For how long a host waits for a job's end before it tells how far the job is."""

BREATH = 0.1  # seconds between two looks, and after one that failed
_SHORTEST, _LONGEST = 0.5, 2.0  # seconds
_SHARE = 0.1


def patience_after(elapsed: float) -> float:
    """Seconds that a look at what has run for `elapsed` seconds waits for its end on its host.

    The end itself is known at once, whatever this is: a job of hours is asked how far it is no oftener than every two
    seconds.
    """
    return min(max(_SHORTEST, _SHARE * elapsed), _LONGEST)
