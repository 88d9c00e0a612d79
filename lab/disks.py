"""Small file systems, one for each practice server, so that a disk can be filled and hurts nobody else."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from lab.accounts import Account
from lab.errors import FaultNotAvailable

SIZE_MEGABYTES = 512
BALLAST = "ballast"
_CHUNK = bytes(1 << 20)


def mount(directory: Path, account: Account, megabytes: int = SIZE_MEGABYTES) -> None:
    """Mount a tmpfs on a directory. FaultNotAvailable where that is not allowed here. Blocks: call it from a thread."""
    if os.geteuid() != 0:
        raise FaultNotAvailable("only root can give each server a disk of its own; without it no disk can be filled")
    options = f"size={megabytes}m,mode=0700,uid={account.uid},gid={account.gid},nosuid,nodev"
    argv = ["mount", "-t", "tmpfs", "-o", options, "understudy-lab", str(directory)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise FaultNotAvailable(f"cannot mount a disk for a server here: {done.stderr.strip()}")


def unmount(directory: Path) -> None:
    """Take a disk away, and what is on it."""
    subprocess.run(["umount", "--lazy", str(directory)], capture_output=True, timeout=20, check=True)


def used_fraction(directory: Path) -> float:
    """How full a file system is, as df reckons: used of what an ordinary user could use."""
    status = os.statvfs(directory)
    used = status.f_blocks - status.f_bfree
    return used / (used + status.f_bavail)


def fill(directory: Path, account: Account, fraction: float) -> None:
    """Fill a server's own disk up to a fraction of its size. Blocks: call it from a thread."""
    status = os.statvfs(directory)
    wanted = int(fraction * status.f_blocks) - (status.f_blocks - status.f_bfree)
    path = directory / BALLAST
    size = path.stat().st_size if path.exists() else 0
    size = max(0, size + wanted * status.f_frsize)
    with path.open("ab") as file:
        file.truncate(size)
        if size:
            os.posix_fallocate(file.fileno(), 0, size)
    account.own(path)


def fill_up(directory: Path, account: Account) -> None:
    """Leave not a byte, however much others write meanwhile. Blocks: call it from a thread."""
    path = directory / BALLAST
    with path.open("ab", buffering=0) as file, suppress(OSError):  # “no space left” is what is wanted
        while True:
            file.write(_CHUNK)
    account.own(path)


def empty(directory: Path) -> None:
    """Take the ballast away."""
    (directory / BALLAST).unlink(missing_ok=True)
