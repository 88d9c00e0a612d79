"""Which process runs an operation, so that after a crash another one can tell that it is gone."""

import os
import socket
from pathlib import Path


def this_process() -> str:
    """“host:pid:start”, where start tells this process from a later one with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start(os.getpid())}"


def is_gone(owner: str) -> bool:
    """Whether that process is known to have ended. Of another host nothing is known, so it counts as alive."""
    host, *rest = owner.rsplit(":", 2)
    if len(rest) != 2 or host != socket.gethostname():
        return False
    number, start = rest
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except ValueError:
        return False
    except PermissionError:
        pass  # it is there, and another user's
    return _start(int(number)) != start


def _start(pid: int) -> str:
    """When the process began, in ticks since boot: field 22 of proc_pid_stat(5); empty where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # The second field, the program's name, may hold anything, spaces and brackets too.
    return stat.rpartition(")")[2].split()[19]
