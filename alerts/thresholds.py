"""What counts as too much, and for how long it must last. Made by the settings; a cluster may have its own."""

from dataclasses import dataclass, fields

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Every rule's threshold and `for`. Durations are seconds, shares are between 0 and 1, sizes are bytes.

    `…_for`: how long it must be bad before the alert fires. `…_critical_after`: how long a warning may stay neither
    acknowledged nor silenced before it becomes critical.
    """

    # Judged from several viewpoints before it is said at all: waiting would add nothing but outage.
    primary_down_for: float = 0.0
    split_brain_for: float = 0.0
    # A restart as a standby, or an operation by hand, passes through this state.
    no_primary_for: float = 5.0
    primary_unreachable_for: float = 10.0
    # A restart takes a few seconds. Writes go on without a standby, the second net does not: hence first a warning.
    standby_down_for: float = 5.0
    standby_critical_after: float = 15 * MINUTE
    replication_broken_for: float = 5.0
    replication_critical_after: float = 15 * MINUTE

    replay_lag_bytes: float = 1024.0 * 1024.0
    replay_lag_seconds: float = 60.0
    replay_lag_for: float = 30.0

    # A daily full backup and two hours to take it; critical once two are missing.
    backup_age: float = 26 * HOUR
    backup_age_critical: float = 50 * HOUR
    # An incomplete backup that began longer ago than this has failed.
    backup_running: float = 6 * HOUR

    # PostgreSQL retries a failed archive command three times within seconds: one failure is no news.
    archive_failing_for: float = 30.0
    archive_behind: float = 15 * MINUTE
    archive_critical: float = 60 * MINUTE

    # How many times larger or smaller than the median of the last ones a backup may be.
    backup_size_factor: float = 2.0
    # A complete one is to be verified at least this often.
    backup_unverified: float = 8 * DAY
    # How far one wants to go back without a gap: zero asks for nothing, for only you know what you promised.
    restore_window: float = 0.0
    restore_window_for: float = 5 * MINUTE
    # Gaps in the archive that are older are of no interest.
    archive_gap_within: float = 7 * DAY
    archive_gap_for: float = 2 * MINUTE
    # How long a restore may take, by what earlier ones have measured.
    rto: float = 1 * HOUR
    # A restore is practised every week, and a day late.
    drill_overdue: float = 8 * DAY
    # A key that expires ends backups and archiving at once.
    backup_key_expiring: float = 30 * DAY
    # How long a backup and WAL may wait to be off site. A first copy by a narrow line takes longer: set it wider.
    offsite_backup_late: float = 12 * HOUR
    offsite_wal_late: float = 15 * MINUTE
    # When the disk of the backups will be full, by its growth.
    repository_full_warning: float = 3 * DAY
    repository_full_critical: float = 1 * DAY
    repository_full_for: float = 30 * MINUTE

    disk_warning: float = 0.80
    disk_critical: float = 0.90
    disk_for: float = 0.0
    # How far it must fall below a threshold again before that severity ends.
    disk_hysteresis: float = 0.02

    connections_warning: float = 0.80
    connections_critical: float = 0.95
    connections_for: float = 10.0
    connections_hysteresis: float = 0.05

    # The leader key is gone for a second or two in every hand-over.
    patroni_no_leader_for: float = 10.0
    # A restart, or a member that is copied anew, passes through states that are not well.
    patroni_member_for: float = 30.0
    # Patroni itself tries for retry_timeout, 10 s, before it gives its DCS up.
    patroni_dcs_for: float = 15.0
    # Work on a cluster takes its time; a pause that was forgotten leaves it without failover.
    patroni_paused_for: float = HOUR

    # PAUSE and RESUME by hand come within moments; and targets are looked at every ten seconds, the primary more often.
    clients_held_for: float = 10.0
    traffic_astray_for: float = 20.0

    cannot_see_for: float = 30.0
    cannot_see_critical_after: float = 15 * MINUTE

    # An operation that is still running after this long excuses no alert any more.
    operation_excuses_for: float = 15 * MINUTE

    # A resolved alert that comes back within this time is the same one, fired again.
    flap_window: float = 2 * MINUTE

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"{field.name} is below zero: give a value of zero or more")
        for low, high in _ORDERED:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} is above {high}: a warning comes before it is critical")
        for share in _SHARES:
            if getattr(self, share) > 1:
                raise ValueError(f"{share} is above 1: it is a share, such as 0.8 for 80 %")
        if self.backup_size_factor < 1:
            raise ValueError("backup_size_factor is below 1: 2 lets a backup be half or twice its usual size")


_ORDERED = (
    ("disk_warning", "disk_critical"),
    ("connections_warning", "connections_critical"),
    ("backup_age", "backup_age_critical"),
    ("archive_behind", "archive_critical"),
    ("repository_full_critical", "repository_full_warning"),
)
_SHARES = (
    "disk_warning",
    "disk_critical",
    "disk_hysteresis",
    "connections_warning",
    "connections_critical",
    "connections_hysteresis",
)
