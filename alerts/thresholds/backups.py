"""Backups, the WAL archive, drills, and what is off site."""

from dataclasses import dataclass

from alerts.thresholds.kinds import DAY, HOUR, MINUTE, seconds, times


@dataclass(frozen=True)
class BackupThresholds:
    # A daily full backup and two hours to take it; critical once two are missing.
    backup_age: float = seconds(26 * HOUR, not_above="backup_age_critical")
    backup_age_critical: float = seconds(50 * HOUR)
    # An incomplete backup that began longer ago than this has failed.
    backup_running: float = seconds(6 * HOUR)
    # PostgreSQL retries a failed archive command three times within seconds: one failure is no news.
    archive_failing_for: float = seconds(30)
    archive_behind: float = seconds(15 * MINUTE, not_above="archive_critical")
    archive_critical: float = seconds(60 * MINUTE)
    # How many times larger or smaller than the median of the last ones a backup may be.
    backup_size_factor: float = times(2, least=1)
    # A complete one is to be verified at least this often.
    backup_unverified: float = seconds(8 * DAY)
    # How far one wants to go back without a gap: zero asks for nothing, for only you know what you promised.
    restore_window: float = seconds(0)
    restore_window_for: float = seconds(5 * MINUTE)
    # Gaps in the archive that are older are of no interest.
    archive_gap_within: float = seconds(7 * DAY)
    archive_gap_for: float = seconds(2 * MINUTE)
    # How long a restore may take, by what earlier ones have measured.
    rto: float = seconds(1 * HOUR)
    # A restore is practised every week, and a day late.
    drill_overdue: float = seconds(8 * DAY)
    # A switchover is practised every quarter, with a restore, and a week late.
    drill_full_overdue: float = seconds(99 * DAY)
    # A key that expires ends backups and archiving at once.
    backup_key_expiring: float = seconds(30 * DAY)
    # How long a backup and WAL may wait to be off site. A first copy by a narrow line takes longer: set it wider.
    offsite_backup_late: float = seconds(12 * HOUR)
    offsite_wal_late: float = seconds(15 * MINUTE)
    # How long what is in the ledger may wait to be off site.
    ledger_copy_late: float = seconds(30 * MINUTE)
    # When the disk of the backups will be full, by its growth.
    repository_full_warning: float = seconds(3 * DAY)
    repository_full_critical: float = seconds(1 * DAY, not_above="repository_full_warning")
    repository_full_for: float = seconds(30 * MINUTE)
