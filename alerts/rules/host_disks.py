"""The file systems of a host: full, about to be full, or out of inodes."""

from alerts.dependencies import Layer
from alerts.probes.host_disks import FILE_SYSTEM_USED, FULL_IN, HOST_DISK_USED, INODES_FULL_IN, INODES_USED
from alerts.rules.amounts import too_much
from alerts.rules.rule import Bad, Limits, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text, share_text


def _used(share: float) -> str:
    return f"{share_text(share)} used"


def _full_in(reading: Reading) -> Result:
    """The sooner end of the two, by bytes or by inodes, of a file system that is not half empty anyway."""
    found = [
        _ends(reading, FULL_IN, FILE_SYSTEM_USED, "full"),
        _ends(reading, INODES_FULL_IN, INODES_USED, "out of inodes"),
    ]
    worst = [result for result in found if isinstance(result, Bad)]
    if worst:
        return next((result for result in worst if result.severity is Severity.CRITICAL), worst[0])
    # Of inodes alone, where it has any, nobody can say that it does not fill up.
    return found[0]


def _ends(reading: Reading, left_name: str, used_name: str, what: str) -> Result:
    left, used, limits = reading.value(left_name), reading.value(used_name), reading.thresholds
    if left is None or used is None:
        return Unknown()
    for severity, within, above in (
        (Severity.CRITICAL, limits.full_in_critical, limits.full_in_critical_above),
        (Severity.WARNING, limits.full_in_warning, limits.full_in_warning_above),
    ):
        if left <= within and used >= above:
            value = f"{what} in {seconds_text(left)} at this rate, {_used(used)}"
            return Bad(severity, value, f"not within {seconds_text(within)}", reading.evidence(used_name))
    return Ok(_used(used))


_judge_host_disk = too_much(
    HOST_DISK_USED,
    lambda limits: Limits(limits.host_disk_warning, limits.host_disk_critical, limits.disk_hysteresis),
    _used,
    share_text,
)


def _host_disk(reading: Reading) -> Result:
    """Every file system is asked about, so that one that is gone is known to be; most are another rule's."""
    if reading.value(FILE_SYSTEM_USED) is None:
        return Unknown()
    return _judge_host_disk(reading) if HOST_DISK_USED in reading.observations else Ok("watched as PostgreSQL's")


HOST_DISK = Rule(
    name="host_disk",
    observes=(FILE_SYSTEM_USED, HOST_DISK_USED),
    title="{cluster}: disk {subject} is nearly full",
    resolved_title="{cluster}: disk {subject} has room again",
    judge=_host_disk,
    hold=lambda thresholds: thresholds.host_disk_for,
    why="PostgreSQL does not lie on it as far as Understudy knows, but a host without room for logs, temporary files "
    "or updates fails in odd ways.",
    mend="Look what grew: logs, the journal, old kernels, what somebody left in /tmp. If PostgreSQL needs it, name it "
    "under disks in the settings.",
    about=Layer.RESOURCES,
)

FULL_IN_RULE = Rule(
    name="full_in",
    observes=(FILE_SYSTEM_USED, FULL_IN, INODES_USED, INODES_FULL_IN),
    title="{cluster}: disk {subject} will soon be full",
    resolved_title="{cluster}: disk {subject} fills up no more",
    judge=_full_in,
    hold=lambda thresholds: thresholds.full_in_for,
    keep=lambda thresholds: thresholds.full_in_keep,
    why="It fills up steadily, and further than in the last two days: there is time now that there will not be then.",
    mend="Look what grows: WAL kept for a slot or by a failing archive, temporary files of a query, logs, a load of "
    "data. Never delete in pg_wal.",
    about=Layer.RESOURCES,
)

INODES = Rule(
    name="inodes",
    observes=(INODES_USED,),
    title="{cluster}: disk {subject} is running out of inodes",
    resolved_title="{cluster}: disk {subject} has inodes again",
    judge=too_much(
        INODES_USED,
        lambda limits: Limits(limits.inodes_warning, limits.inodes_critical, limits.disk_hysteresis),
        _used,
        share_text,
    ),
    hold=lambda thresholds: thresholds.host_disk_for,
    why="Without inodes no file can be made, however much room there is: PostgreSQL stops as on a full disk.",
    mend="Look for a directory of very many small files: sessions, mail, caches, a WAL archive never cleared.",
    about=Layer.RESOURCES,
)
