"""The processor time of processes, from /proc."""

from contextlib import suppress
from pathlib import Path

import psutil

_PROC = Path("/proc")


def cpu_seconds(process: int) -> float:
    """What a process and its threads have used, to the nanosecond; 0 when it is gone.

    https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
    """
    used = 0
    with suppress(OSError):
        for thread in (_PROC / str(process) / "task").iterdir():
            with suppress(OSError):
                used += int((thread / "schedstat").read_text().split()[0])
    return used / 1e9


def server_cpu_seconds(postmaster: int) -> float:
    """What a PostgreSQL server has used: its processes, and those that it started and that have ended since."""
    parent = psutil.Process(postmaster)
    ended = parent.cpu_times()
    alive = sum(cpu_seconds(process.pid) for process in (parent, *parent.children(recursive=True)))
    return alive + ended.children_user + ended.children_system
