"""How soon whoever waits for a job learns of its end, and how often its host is asked."""

import pytest

from servers.engines.job_pauses import pause_after


@pytest.mark.parametrize("elapsed", [5.0, 10.0, 60.0, 3600.0])
def test_the_end_is_known_within_a_fiftieth_of_what_the_job_took(elapsed: float) -> None:
    assert pause_after(elapsed) <= elapsed / 50


def test_a_short_job_is_not_asked_oftener_than_ten_times_a_second_nor_a_long_one_than_every_two_seconds() -> None:
    assert (pause_after(0.0), pause_after(100.0), pause_after(86_400.0)) == (0.1, 2.0, 2.0)
