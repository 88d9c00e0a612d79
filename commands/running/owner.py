"""Which process runs an operation, so that after a crash another one can tell that it is gone.

A process shows that it lives by a lock on a file of its own beside the ledger; the kernel lets go of it when the
process ends, however it ends. Process ids and host names would not tell: a container has its own of both and gets new
ones with each start, while all that use one ledger share one kernel (SQLite's write-ahead log asks for that).
"""

import fcntl
import os
import re
import secrets
import socket
from pathlib import Path

_TOKEN = re.compile(r"[0-9a-f]{16}")
_FILE_MODE = 0o600


class Owner:
    """This process, as it is named in the ledger. It must `appear` before that name is written there."""

    def __init__(self, ledger: Path) -> None:
        self._token = secrets.token_hex(8)
        self._path = _path(ledger, self._token)
        self._file: int | None = None
        self.name = f"{socket.gethostname()}:{os.getpid()}:{self._token}"

    def appear(self) -> None:
        """From here on, others see that this process lives. Doing it again does nothing. Raises OSError."""
        if self._file is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file = file

    def leave(self) -> None:
        """From here on, this process counts as gone."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None


def is_gone(ledger: Path, name: str) -> bool:
    """Whether that process is known to have ended. What cannot be told counts as alive. Blocks for a moment."""
    token = name.rpartition(":")[2]
    if not _TOKEN.fullmatch(token):
        return False
    path = _path(ledger, token)
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(file)


def _path(ledger: Path, token: str) -> Path:
    """Beside the ledger itself: another process may know it by the name of a link."""
    ledger = ledger.resolve()
    return ledger.with_name(f"{ledger.name}-owner-{token}")
