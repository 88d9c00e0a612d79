"""What alerts about backups see and say: their history, window, gaps and disk, and how long a restore takes."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.observation import Look, Observation
from alerts.probes.backup_history import backup_history
from alerts.probes.drills import drills
from alerts.probes.probe import Probe
from alerts.probes.repository_disk import repository_disk
from alerts.probes.restore_window import restore_windows
from alerts.probes.rto import rto
from alerts.probes.wal_archive import wal_archive
from alerts.rules import RULES
from alerts.rules.rule import Bad, Ok, Reading, Result, Unknown
from alerts.thresholds import Thresholds
from bot.thresholds_settings import parse_threshold
from ledger.alerts import Severity
from ledger.drills import Drill
from ledger.recovery_rates import Rate, RecoveryRates
from servers.backups.archive import ArchiveState, runs, segment_name
from servers.backups.filling import Filling, Sample, seconds_left
from servers.lsn import Lsn
from servers.state import Answer, BackupState, BaseBackup, DiskUse, Outcome
from tests.alerts.looks import ANSWERED, ARCHIVER, CLUSTER, DB1, MIB, NOW, PRIMARY_SQL, look

DAY, HOUR = 86400.0, 3600.0
SIZE = 16 * MIB
SILENT = Answer(Outcome.TIMED_OUT, NOW, 5.0, "no answer within 5 s")
RATES = RecoveryRates(Rate(10.0 * MIB, "AAAA", NOW), Rate(1.0 * MIB, "BBBB", NOW))
BY_NAME = {rule.name: rule for rule in RULES}


def base(days: float, size: int = 1000 * MIB, first: int = 3) -> BaseBackup:
    """One that ended so many days ago, in the segment of that number."""
    ended = NOW - timedelta(days=days)
    start, end = Lsn(first * SIZE + 40), Lsn(first * SIZE + 900)
    return BaseBackup(f"{days:g} days", "/backups/x", ended - timedelta(hours=1), ended, size, start, end, 1)


def archive(*numbers: int, days_ago: float = 1.0) -> ArchiveState:
    return ArchiveState(ANSWERED, runs((1, number, NOW - timedelta(days=days_ago)) for number in numbers), (), SIZE)


def seen(backups: Sequence[BaseBackup], archived: ArchiveState | None = None, **more: object) -> Look:
    """The usual look, with these, and a primary that does not tell what it archived."""
    found = look(
        replace(DB1, sql=replace(PRIMARY_SQL, archiver=None)), backups=BackupState(ANSWERED, tuple(backups), None, None)
    )
    return replace(found, state=replace(found.state, archive=archived, **more))  # type: ignore[arg-type]


def value(probe: Probe, of: Look, name: str) -> float | None:
    return next(one for one in probe(of) if one.name == name).value


def judged(rule: str, observations: Sequence[Observation], **thresholds: float) -> Result:
    by_name = {one.name: one for one in observations}
    return BY_NAME[rule].judge(Reading(CLUSTER.name, by_name, replace(Thresholds(), **thresholds)))


def severity(result: Result) -> Severity | None:
    return result.severity if isinstance(result, Bad) else None


@pytest.mark.parametrize("probe", [backup_history, restore_windows, rto, repository_disk])
def test_what_is_not_listed_is_unknown_and_what_is_not_configured_is_not_asked(probe: Probe) -> None:
    unseen = look(backups=BackupState(SILENT, (), None, None))
    assert all(one.value is None for one in probe(unseen))
    assert all(one.value is None for one in probe(look(backups=None)))
    for rule in ("backup_size", "backup_unverified", "restore_window", "archive_gap", "rto", "repository_disk"):
        if BY_NAME[rule].observes[0] in {one.name for one in probe(unseen)}:
            assert isinstance(judged(rule, probe(unseen)), Unknown)
    assert probe(replace(unseen, cluster=replace(CLUSTER, backups=None))) == ()


class TestSize:
    def look(self, newest: int) -> Look:
        return seen([base(0.1, newest), *(base(days, 1000 * MIB) for days in (1, 2, 3))])

    @pytest.mark.parametrize(("newest", "bad"), [(400, True), (600, False), (1900, False), (2100, True)])
    def test_half_or_twice_the_usual_size_is_a_warning(self, newest: int, *, bad: bool) -> None:
        result = judged("backup_size", backup_history(self.look(newest * MIB)))
        assert severity(result) is (Severity.WARNING if bad else None)

    def test_it_says_against_what(self) -> None:
        result = judged("backup_size", backup_history(self.look(100 * MIB)))
        assert isinstance(result, Bad)
        assert result.value == "0.1 times its usual size"
        assert "the 3 backups before it have 1000 MB (median)" in result.evidence[0]

    def test_with_too_few_to_compare_nothing_is_known(self) -> None:
        assert isinstance(judged("backup_size", backup_history(seen([base(0.1, 1), base(1), base(2)]))), Unknown)

    def test_another_kind_is_no_measure(self) -> None:
        small = replace(base(0.1, 10 * MIB), kind="incr", based_on="1 days")
        assert value(backup_history, seen([small, base(1), base(2), base(3)]), "backup_size") is None


class TestVerification:
    def test_the_newest_verification_counts_whichever_backup_it_was_of(self) -> None:
        verified = replace(base(3), verified_at=NOW - timedelta(days=2))
        assert value(backup_history, seen([base(1), verified]), "backup_unverified") == 2 * DAY

    def test_where_none_ever_was_the_oldest_backup_counts(self) -> None:
        result = judged("backup_unverified", backup_history(seen([base(1), base(9)])))
        assert severity(result) is Severity.WARNING
        assert isinstance(judged("backup_unverified", backup_history(seen([base(1)]))), Ok)


class TestWindow:
    def test_it_is_as_long_as_one_can_go_back_without_a_gap(self) -> None:
        whole = seen([base(5)], archive(3, 4, 5))
        assert value(restore_windows, whole, "restore_window") == 5 * DAY
        assert isinstance(judged("restore_window", restore_windows(whole), restore_window=4 * DAY), Ok)
        assert severity(judged("restore_window", restore_windows(whole), restore_window=6 * DAY)) is Severity.WARNING

    def test_nothing_to_restore_is_critical_whatever_is_wanted(self) -> None:
        assert severity(judged("restore_window", restore_windows(seen([base(5)], archive(4, 5))))) is Severity.CRITICAL

    def test_a_gap_is_critical_and_names_the_segments(self) -> None:
        result = judged("archive_gap", restore_windows(seen([base(5)], archive(3, 4, 6, 7))))
        assert severity(result) is Severity.CRITICAL
        assert isinstance(result, Bad)
        assert segment_name(1, 5) in result.evidence[0]

    def test_a_gap_of_long_ago_is_history(self) -> None:
        old = seen([base(30)], archive(3, 4, 6, 7, days_ago=20))
        assert isinstance(judged("archive_gap", restore_windows(old)), Ok)

    def test_what_the_primary_archived_and_is_not_there_is_a_gap(self) -> None:
        archiver = replace(ARCHIVER, last_archived_wal=segment_name(1, 9), last_archived_age_seconds=600.0)
        primary = replace(DB1, sql=replace(PRIMARY_SQL, archiver=archiver))
        lost = seen([base(5)], archive(3, 4, 5), servers=(primary,))
        result = judged("archive_gap", restore_windows(lost))
        assert isinstance(result, Bad)
        assert "was archived 10 min ago, as the primary says, and is not in the archive" in result.evidence[0]

        fresh = replace(primary, sql=replace(PRIMARY_SQL, archiver=replace(archiver, last_archived_age_seconds=5.0)))
        too_soon_to_tell = seen([base(5)], archive(3, 4, 5), servers=(fresh,))
        assert isinstance(judged("archive_gap", restore_windows(too_soon_to_tell)), Ok)


class TestRto:
    def test_size_and_wal_by_what_was_measured_and_says_by_whom(self) -> None:
        long = replace(seen([base(1, 36000 * MIB)], archive(3, 4, 5)), rates=RATES)
        assert value(rto, long, "rto_estimate") == 3600 + 48
        result = judged("rto", rto(long))
        assert severity(result) is Severity.WARNING
        assert isinstance(result, Bad)
        assert "at 10.0 MB a second as operation AAAA" in result.evidence[0]
        assert "48.0 MB in 48 s" in result.evidence[1]

    def test_without_both_measurements_nothing_is_known(self) -> None:
        unmeasured = replace(seen([base(1)], archive(3, 4, 5)), rates=RecoveryRates(RATES.lay_out, None))
        assert isinstance(judged("rto", rto(unmeasured)), Unknown)


class TestDisk:
    def look(self, *used: int, apart: timedelta = timedelta(hours=1)) -> Look:
        """A disk of 1000 MiB, used so much an hour apart until now."""
        samples = tuple(
            Sample(NOW - apart * (len(used) - 1 - index), one * MIB, (1000 - one) * MIB)
            for index, one in enumerate(used)
        )
        disk = DiskUse("/backups", "/", 1000 * MIB, used[-1] * MIB, (1000 - used[-1]) * MIB)
        found = look(backups=BackupState(ANSWERED, (), None, None, (disk,)))
        return replace(found, state=replace(found.state, filling=(Filling("/backups", samples),)))

    def test_it_says_at_which_hour_it_will_be_full(self) -> None:
        growing = self.look(100, 110, 120, 130, 140, 150, 160)
        assert value(repository_disk, growing, "repository_full_in") == pytest.approx(84 * HOUR)
        result = judged("repository_disk", repository_disk(growing), repository_full_warning=90 * HOUR)
        assert severity(result) is Severity.WARNING
        assert isinstance(result, Bad)
        full_at = NOW + timedelta(hours=84)
        assert f"is full about {full_at:%Y-%m-%d %H}:00 UTC" in result.evidence[0]

    def test_one_that_does_not_grow_is_never_full(self) -> None:
        assert value(repository_disk, self.look(*[300] * 8), "repository_full_in") == math.inf
        assert isinstance(judged("repository_disk", repository_disk(self.look(*[300] * 8))), Ok)

    def test_a_short_history_predicts_nothing_but_a_full_disk_is_full(self) -> None:
        assert value(repository_disk, self.look(100, 200, 300), "repository_full_in") is None
        assert severity(judged("repository_disk", repository_disk(self.look(950)))) is Severity.CRITICAL

    @given(st.integers(1, 50), st.integers(7, 40), st.integers(0, 100))
    def test_a_straight_line_is_followed_exactly(self, an_hour: int, hours: int, first: int) -> None:
        samples = [
            Sample(NOW + timedelta(hours=hour), first + an_hour * hour, 10_000 - first - an_hour * hour)
            for hour in range(hours)
        ]
        assert seconds_left(samples) == pytest.approx(samples[-1].available / an_hour * HOUR)

    def test_samples_are_kept_apart_and_for_a_week(self) -> None:
        filling = Filling("/backups", ())
        for minutes in range(0, 10 * 24 * 60, 5):
            filling = filling.with_sample(Sample(NOW + timedelta(minutes=minutes), 1, 1))
        assert filling.span <= timedelta(days=7)
        assert len(filling.samples) == 7 * 24 * 6 + 1


class TestUnfinishedSegment:
    """WAL that lies in no finished segment waits for no archive command, and is lost with the servers all the same."""

    def look(self, written: int, minutes: float) -> Look:
        """So many bytes written after the last archived segment, which was archived so long ago."""
        archiver = replace(ARCHIVER, last_archived_wal=segment_name(1, 9), last_archived_age_seconds=minutes * 60)
        sql = replace(PRIMARY_SQL, archiver=archiver, wal_lsn=Lsn(10 * SIZE + written), wal_segment_size=SIZE)
        return look(replace(DB1, sql=sql))

    def judged(self, written: int, minutes: float) -> Result:
        seen = [one for one in wal_archive(self.look(written, minutes)) if one.subject == "db1"]
        return BY_NAME["wal_archive"].judge(Reading("db1", {one.name: one for one in seen}, Thresholds()))

    def test_what_was_written_a_quarter_of_an_hour_ago_and_is_nowhere_else_is_a_warning(self) -> None:
        result = self.judged(3 * MIB, 16)
        assert severity(result) is Severity.WARNING
        assert isinstance(result, Bad)
        assert "3.0 MB were written since" in result.evidence[0]
        assert "set archive_timeout" in result.evidence[0]

    @pytest.mark.parametrize(("written", "minutes"), [(3 * MIB, 14), (1000, 600), (0, 600)])
    def test_lately_archived_or_idle_is_well(self, written: int, minutes: float) -> None:
        assert isinstance(self.judged(written, minutes), Ok)


class TestDrills:
    def held(self, days_ago: float, *, passed: bool) -> Drill:
        return Drill("AAAA", NOW - timedelta(days=days_ago), passed, 60.0, 0.0)

    def look(self, *held: Drill, oldest: float = 30) -> Look:
        return replace(seen([base(1), base(oldest)]), drills=held)

    def test_one_a_week_is_well_and_two_weeks_without_are_not(self) -> None:
        assert isinstance(judged("drill", drills(self.look(self.held(6, passed=True)))), Ok)
        assert severity(judged("drill", drills(self.look(self.held(14, passed=True))))) is Severity.WARNING

    def test_the_last_one_that_failed_is_told_even_if_one_before_it_passed(self) -> None:
        result = judged("drill", drills(self.look(self.held(1, passed=False), self.held(2, passed=True))))
        assert isinstance(result, Bad)
        assert result.value == "the last one failed"
        assert "operation AAAA" in result.evidence[0]

    def test_where_none_was_ever_held_the_oldest_backup_counts(self) -> None:
        assert severity(judged("drill", drills(self.look()))) is Severity.WARNING
        assert isinstance(judged("drill", drills(self.look(oldest=2))), Ok)

    def test_that_a_full_one_is_overdue_is_an_alert_of_its_own(self) -> None:
        weekly = replace(self.look(self.held(1, passed=True)), failover_drills=(self.held(98, passed=True),))
        assert isinstance(judged("drill_full", drills(weekly)), Ok)
        quarter = replace(weekly, failover_drills=(self.held(100, passed=True),))
        assert severity(judged("drill_full", drills(quarter))) is Severity.WARNING
        assert isinstance(judged("drill", drills(quarter)), Ok)
        failed = replace(weekly, failover_drills=(self.held(1, passed=False),))
        assert severity(judged("drill_full", drills(failed))) is Severity.WARNING

    def test_without_drills_and_backups_nothing_is_known(self) -> None:
        unseen = look(backups=BackupState(SILENT, (), None, None))
        assert isinstance(judged("drill", drills(unseen)), Unknown)


def test_a_factor_is_a_plain_number() -> None:
    assert parse_threshold("backup_size_factor", 1.5) == 1.5
    with pytest.raises(ValueError, match="how many times"):
        parse_threshold("backup_size_factor", "much")
    with pytest.raises(ValueError, match="below 1"):
        Thresholds(backup_size_factor=0.5)
