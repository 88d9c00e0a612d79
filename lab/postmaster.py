"""A PostgreSQL server's processes, seen from outside: its pid file, its state, its children."""

import os
from dataclasses import dataclass
from pathlib import Path

# Lines of postmaster.pid, from one: src/include/utils/pidfile.h
_LINE_PID = 1
_LINE_STATUS = 8
_ACCEPTING = ("ready", "standby")


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a data directory's postmaster.pid says. `accepting` is true once connections are taken."""

    pid: int
    accepting: bool


def read_pid_file(data: Path) -> PidFile | None:
    """The pid file; None where there is none, or PostgreSQL is about to write it."""
    try:
        lines = data.joinpath("postmaster.pid").read_text().splitlines()
        pid = int(lines[_LINE_PID - 1])
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None
    status = lines[_LINE_STATUS - 1].strip() if len(lines) >= _LINE_STATUS else ""
    return PidFile(pid, status in _ACCEPTING)


def live_postmaster(data: Path) -> int | None:
    """The process that serves a data directory now; None when its pid file is a dead one's or another process's."""
    pid_file = read_pid_file(data)
    if pid_file is None or not alive(pid_file.pid):
        return None
    try:
        return pid_file.pid if os.path.samefile(f"/proc/{pid_file.pid}/cwd", data) else None
    except OSError:
        return None


def process_state(pid: int) -> str | None:
    """The letter that Linux gives a process's state (R, S, D, T, Z, …); None for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None


def alive(pid: int) -> bool:
    """Whether a process runs or could run again: not gone, and not merely waiting to be reaped."""
    return process_state(pid) not in (None, "Z", "X")


def descendants(pid: int) -> list[int]:
    """All processes below one, parents first."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            parent = _parent(entry.path)
            if parent is not None:
                children.setdefault(parent, []).append(int(entry.name))
    found, frontier = [], [pid]
    while frontier:
        frontier = [child for parent in frontier for child in children.get(parent, ())]
        found += frontier
    return found


def _parent(process: str) -> int | None:
    try:
        return int(Path(process, "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None
