"""What a base backup cannot do without in the archive: the WAL that was written while it was taken. Pure."""

from servers.backups.archive import ArchiveState, segment_name, segment_number
from servers.lsn import Lsn
from servers.state import BaseBackup


def missing_segment(backup: BaseBackup, archive: ArchiveState) -> str | None:
    """The name of the first such segment that the archive lacks; None: all are there, or the backup does not tell."""
    if backup.start_lsn is None or backup.end_lsn is None or backup.timeline is None or backup.has_wal:
        return None
    size = archive.segment_size
    last = Lsn(max(backup.start_lsn, backup.end_lsn - 1))  # its end is the first byte after it
    for number in range(segment_number(backup.start_lsn, size), segment_number(last, size) + 1):
        if not archive.has(backup.timeline, number):
            return segment_name(backup.timeline, number, size)
    return None
