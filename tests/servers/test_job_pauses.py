"""How often whoever waits for a job is told how far it is."""

from servers.engines.job_pauses import patience_after


def test_a_short_job_is_asked_twice_a_second_at_most_and_a_long_one_every_two_seconds() -> None:
    assert (patience_after(0.0), patience_after(10.0), patience_after(86_400.0)) == (0.5, 1.0, 2.0)
