"""What `pgbackrest expire` says that it lets go of: src/command/expire/expire.c of its source."""

import re

from servers.backups.archive import parse_segment_name
from servers.backups.wanted import Expired

_BACKUP = re.compile(r"repo\d+: remove expired backup (\S+)")
_ARCHIVE = re.compile(r"remove archive, start = ([0-9A-F]{24}), stop = ([0-9A-F]{24})")


def expired_of(said: str, segment_size: int, *, dry_run: bool) -> Expired:
    """Backups that are in two repositories count once. Segments are counted by their names, from first to last."""
    backups = tuple(dict.fromkeys(_BACKUP.findall(said)))
    segments = 0
    for start, stop in _ARCHIVE.findall(said):
        segments += parse_segment_name(stop, segment_size)[1] - parse_segment_name(start, segment_size)[1] + 1
    if not backups and not segments:
        return Expired((), 0, "the retention keeps everything that is there")
    verb = "would let" if dry_run else "let"
    return Expired(
        backups, segments, f"pgBackRest's retention {verb} go of {len(backups)} backups and {segments} segments"
    )
