"""The trend over past drills, as a plot and in a line."""

from datetime import UTC, datetime, timedelta

from commands.drilling.trend import history, in_a_line, plot_of, read_history
from ledger.drills import OUTAGE, RPO, RTO, WANTED, Drill

NOW = datetime(2026, 3, 22, 4, tzinfo=UTC)


def weekly(*rto: float | None) -> tuple[Drill, ...]:
    """Newest first; None: it failed."""
    weeks = enumerate(rto, 1)
    return tuple(Drill("", NOW - timedelta(weeks=week), value is not None, value, 1.0) for week, value in weeks)


def test_those_before_are_told_as_they_were() -> None:
    held = weekly(6.1, None, 5.8)
    assert read_history(history(held, NOW)) == held
    assert in_a_line(held, RTO) == "6.1 s, failed, 5.8 s"
    assert in_a_line((), RTO) == ""


def test_this_one_is_the_last_point_and_one_that_failed_a_gap_with_a_mark() -> None:
    found = {**history(weekly(60.0, None, 50.0), NOW), RTO: "70", RPO: "2"}
    [plot] = plot_of("shop", found, (RTO, RPO))
    assert [line.label for line in plot.lines] == ["RTO", "RPO"]
    assert [point.value for point in plot.lines[0].points] == [50.0, None, 60.0, 70.0]
    assert [mark.at for mark in plot.marks] == [NOW - timedelta(weeks=2)]
    assert plot.start < plot.lines[0].points[0].at < NOW < plot.end


def test_a_limit_is_drawn_only_where_it_is_near() -> None:
    found = {**history(weekly(60.0), NOW), RTO: "70", WANTED[RTO]: "3600"}
    assert plot_of("shop", found, (RTO,))[0].limits == ()
    near = plot_of("shop", {**found, WANTED[RTO]: "300"}, (RTO,))[0].limits
    assert [limit.label for limit in near] == ["RTO at most 5 min"]


def test_nothing_is_drawn_of_a_first_drill_or_of_what_was_not_measured() -> None:
    assert plot_of("shop", {**history((), NOW), RTO: "70"}, (RTO,)) == ()
    assert plot_of("shop", history(weekly(60.0, 50.0), NOW), (OUTAGE,)) == ()
    assert plot_of("shop", {}, (RTO,)) == ()
