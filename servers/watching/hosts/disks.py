"""The file systems of a host's local disks: mounts, df's blocks and df's inodes put together. Pure."""

import re
from collections.abc import Iterable, Sequence

from servers.watching.hosts.answers import Printed, unknown
from servers.watching.hosts.facts import FileSystem, Found

# Those that data lie on. What is made of memory, of an image, of another machine or of other file systems is left out:
# it is full by its nature, or watched where it comes from.
_KINDS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs", "nilfs2"})
_MOST = 200
_KIBIBYTE = 1024
# As df -P prints it: device, size, used, available, share, mount point.
_ROW = re.compile(r"^\S.*?\s+(\d{1,19})\s+(\d{1,19})\s+(-?\d{1,19})\s+(?:\d+%|-)\s+(/.*)$")
_OCTAL = re.compile(r"\\([0-7]{3})")


def file_systems(
    mounts: Sequence[str], blocks: Printed | None, inodes: Printed | None
) -> Found[tuple[FileSystem, ...]]:
    """One entry a file system, the shortest mount point of those that it has. Unknown without df's blocks."""
    if blocks is None:
        return unknown("df was not asked")
    kinds = dict(_kinds(mounts))
    counted = dict(_rows(inodes)) if inodes is not None else {}
    found: dict[str, FileSystem] = {}
    for mount, (size, used, available) in sorted(_rows(blocks), key=lambda row: len(row[0])):
        device, kind = kinds.get(mount, ("", ""))
        # Bind mounts and btrfs' subvolumes are the same device again; each of ZFS' has a name of its own.
        if kind not in _KINDS or device in found or not size or len(found) == _MOST:
            continue
        _, taken, free = counted.get(mount, (0, 0, 0))
        found[device] = FileSystem(
            mount, size * _KIBIBYTE, used * _KIBIBYTE, max(0, available) * _KIBIBYTE, taken, max(0, free)
        )
    if not found:
        return unknown(blocks.reason if blocks.exit_status != 0 else "df names no file system of a local disk")
    return Found(tuple(found.values()), "")


def _rows(printed: Printed) -> Iterable[tuple[str, tuple[int, int, int]]]:
    for line in printed.lines:
        match = _ROW.match(line)
        if match:
            yield match[4], (int(match[1]), int(match[2]), int(match[3]))


def _kinds(mounts: Sequence[str]) -> Iterable[tuple[str, tuple[str, str]]]:
    """The device and type of each mount point; a later mount covers an earlier one."""
    for line in mounts:
        words = line.split(" ")
        # Read only: an image or a rescue system, which never gets any fuller.
        if len(words) >= 4 and "ro" not in words[3].split(","):
            yield _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), words[1]), (words[0], words[2])
