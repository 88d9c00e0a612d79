"""Where practice worlds live, and how two of them keep out of each other's way.

Everything lies below one directory per user: `worlds/` (one directory for each running lab), `locks/` (who is
alive), `templates/` and `installations/` (what a second start reuses). A lock is held by the kernel for as long as its
process lives, so that the leftovers of a lab that was killed can be told from a running one.
"""

import asyncio
import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.accounts import Account
from lab.binaries import reachable
from lab.errors import LabError

_LOCK_POLL_SECONDS = 0.02
_LONGEST_SOCKET_PATH = 107  # sockaddr_un.sun_path less its closing zero
_LONGEST_WORLD_SOCKET = "worlds/000000/server-name/socket/.s.PGSQL.65535"


@dataclass(slots=True)
class Lock:
    """An exclusive lock on a file, held until `release` or the end of this process."""

    path: Path
    descriptor: int

    @classmethod
    def try_take(cls, path: Path) -> "Lock | None":
        """The lock, or None when somebody holds it."""
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_ino == path.stat().st_ino:
                    return cls(path, descriptor)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except FileNotFoundError:
                pass
            os.close(descriptor)  # its last holder removed the file meanwhile: take the new one

    @classmethod
    async def take(cls, path: Path, timeout: float = 120.0) -> "Lock":
        """The lock, as soon as nobody else holds it. LabError after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while (lock := cls.try_take(path)) is None:  # noqa: ASYNC110 - another process's lock
                    await asyncio.sleep(_LOCK_POLL_SECONDS)
        except TimeoutError as error:
            raise LabError(f"another lab holds {path} for {timeout:g} s already; stop it first") from error
        return lock

    def release(self) -> None:
        """Let go, and remove the file."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of all labs of one user."""

    base: Path

    @property
    def worlds(self) -> Path:
        return self.base / "worlds"

    @property
    def locks(self) -> Path:
        return self.base / "locks"

    @property
    def templates(self) -> Path:
        return self.base / "templates"

    @property
    def installations(self) -> Path:
        return self.base / "installations"

    def world_lock(self, name: str) -> Path:
        return self.locks / f"{name}.world"

    def new_world(self) -> tuple[Path, Lock]:
        """A new world's directory, and the lock that says it is alive (taken before the directory exists)."""
        while True:
            name = secrets.token_hex(3)
            lock = Lock.try_take(self.world_lock(name))
            if lock is None:
                continue
            directory = self.worlds / name
            with suppress(FileExistsError):
                directory.mkdir(mode=0o755)
                directory.chmod(0o755)
                return directory, lock
            os.close(lock.descriptor)


def open_places(account: Account, base: Path | None = None) -> Places:
    """The user's places, made where they do not exist; by default below the directory for temporary files.

    LabError when the directory is somebody else's, its path is too long for a socket, or `account` cannot enter it.
    """
    for candidate in _candidates(base):
        if not _enterable(candidate.parent, account):
            continue
        places = Places(candidate)
        _make(places, account)
        return places
    tried = ", ".join(str(candidate.parent) for candidate in _candidates(base))
    raise LabError(
        f"{account.name} cannot enter any of {tried}, or the path is too long for a socket; set TMPDIR to one"
    )


def existing_places() -> Iterator[Places]:
    """The user's places that exist already, wherever a lab may have put them."""
    for candidate in dict.fromkeys(_candidates(None)):
        if candidate.is_dir() and candidate.stat().st_uid == os.geteuid():
            yield Places(candidate)


def _candidates(base: Path | None) -> list[Path]:
    if base is not None:
        return [base]
    name = f"understudy-lab-{os.geteuid()}"
    return [Path(parent) / name for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp")]  # noqa: S108 - checked in _make


def _enterable(parent: Path, account: Account) -> bool:
    longest = len(os.fsencode(parent / f"understudy-lab-{os.geteuid()}" / _LONGEST_WORLD_SOCKET))
    return parent.is_dir() and longest <= _LONGEST_SOCKET_PATH and reachable(parent, account)


def _make(places: Places, account: Account) -> None:
    mode = 0o755 if account.change else 0o700
    with suppress(FileExistsError):
        places.base.mkdir(mode=mode)
    status = places.base.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise LabError(f"{places.base} belongs to somebody else; remove it, or set TMPDIR to another directory")
    for directory in (places.base, places.worlds, places.locks, places.templates, places.installations):
        directory.mkdir(mode=mode, exist_ok=True)
        directory.chmod(mode)
