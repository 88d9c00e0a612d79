"""Ends everything that belongs to a world: processes, mounts, shared memory, directories.

Used when a lab stops, and for the labs whose own process was killed. Works from what the kernel says of each process
(its working directory, its program, its environment), never from a name alone.
"""

import ctypes
import os
import shutil
import signal
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from lab.places import Lock, Places

WORLD_VARIABLE = "UNDERSTUDY_LAB_WORLD"
_IPC_RMID = 0
_GONE_WITHIN_SECONDS = 5.0
_UNUSED_SECONDS = 14 * 86400


def sweep(places: Places) -> list[str]:
    """Remove what labs left that did not end by themselves; returns their names. Blocks: call it from a thread."""
    swept = []
    for world in sorted(places.worlds.iterdir()):
        lock = Lock.try_take(places.world_lock(world.name))
        if lock is not None:
            if world.exists():  # it may have ended in good order just now
                clear_world(world)
                swept.append(world.name)
            lock.release()
    for path in places.locks.iterdir():
        # Nobody's lock file: released by its taker's death and belonging to no world any more.
        lock = Lock.try_take(path)
        if lock is not None:
            lock.release()
    _forget_unused(places)
    return swept


def _forget_unused(places: Places) -> None:
    """Remove what was kept for a second start that never came."""
    for cache in (places.templates, places.installations):
        for kept in cache.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - kept.stat().st_mtime > _UNUSED_SECONDS:
                    shutil.rmtree(kept, ignore_errors=True)


def clear_world(world: Path) -> None:
    """End what runs in a world and remove it. Blocks: call it from a thread."""
    kill_processes(world)
    for data in _data_directories(world):
        _remove_shared_memory(data)
    for mount in mounts_below(world):
        subprocess.run(["umount", "--lazy", str(mount)], check=False, capture_output=True, timeout=20)
    for directory, _, _ in os.walk(world):
        os.chmod(directory, stat.S_IRWXU)  # a broken archive's directory takes no changes, not even its removal
    shutil.rmtree(world, ignore_errors=True)


def kill_processes(world: Path) -> None:
    """Kill every process of a world, and wait until they are gone."""
    deadline = time.monotonic() + _GONE_WITHIN_SECONDS
    while (pids := world_processes(world)) and time.monotonic() < deadline:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def world_processes(world: Path) -> list[int]:
    """The processes that belong to a world: PostgreSQL at work in it, and what was started by SSH."""
    mark = f"{WORLD_VARIABLE}={world}".encode()
    numbered = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    return [pid for pid in numbered if pid != os.getpid() and _belongs(Path(f"/proc/{pid}"), world, mark)]


def _belongs(process: Path, world: Path, mark: bytes) -> bool:
    try:
        if process.joinpath("stat").read_text().rpartition(")")[2].split()[0] in "ZX":
            return False
        if mark in process.joinpath("environ").read_bytes().split(b"\0"):
            return True
        # PostgreSQL writes its status over its environment; its working directory is its data directory.
        directory, program = os.readlink(process / "cwd"), os.readlink(process / "exe")
    except (OSError, IndexError):  # it has ended, or it is not ours
        return False
    return Path(directory).is_relative_to(world) and Path(program).name.split(" ")[0] == "postgres"


def mounts_below(world: Path) -> list[Path]:
    """The mount points in a world, innermost first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        # https://www.kernel.org/doc/Documentation/filesystems/proc.txt: field 5 is the mount point, \040 a space.
        mount = Path(line.split(" ")[4].encode().decode("unicode_escape"))
        if mount.is_relative_to(world):
            found.append(mount)
    return sorted(found, reverse=True)


def _data_directories(world: Path) -> list[Path]:
    return [path.parent for path in world.glob("*/*/postmaster.pid")]


def _remove_shared_memory(data: Path) -> None:
    """Remove the System V segment with which a killed postmaster guarded its data directory.

    postmaster.pid's first line is the process, its seventh the segment's key and number (src/include/utils/pidfile.h).
    """
    try:
        lines = data.joinpath("postmaster.pid").read_text().splitlines()
        pid, segment = int(lines[0]), int(lines[6].split()[1])
    except (OSError, IndexError, ValueError):
        return
    for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        _key, number, _mode, _size, creator, *_ = line.split()
        if int(number) == segment and int(creator) == pid:
            ctypes.CDLL(None).shmctl(segment, _IPC_RMID, None)
