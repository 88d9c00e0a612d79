"""Who runs PostgreSQL, and how a process is started as that account.

PostgreSQL refuses to run as root; there the practice world drops to an unprivileged account.
"""

import asyncio
import os
import pwd
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

_ACCOUNTS_FOR_ROOT = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system. `change` says that processes must be started as it, for we are root."""

    name: str
    uid: int
    gid: int
    change: bool

    def own(self, path: Path) -> None:
        """Give a path to this account."""
        if self.change:
            os.chown(path, self.uid, self.gid)

    def directory(self, path: Path, mode: int = 0o700) -> Path:
        """Make a directory that belongs to this account."""
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        self.own(path)
        return path

    def write(self, path: Path, text: str, mode: int = 0o600) -> Path:
        """Write a file that belongs to this account; with its rights from the first moment."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        self.own(path)
        return path


def postgres_account(name: str | None = None) -> Account:
    """The account that PostgreSQL runs as: ourselves, or where we are root `name`, `postgres` or `nobody`.

    LabError where that account does not exist or is root's.
    """
    if os.geteuid() != 0:
        me = pwd.getpwuid(os.geteuid())
        if name not in (None, me.pw_name):
            raise LabError(f"only root can run PostgreSQL as {name!r}; leave the account out to run it as {me.pw_name}")
        return Account(me.pw_name, me.pw_uid, me.pw_gid, change=False)
    for candidate in (name,) if name else _ACCOUNTS_FOR_ROOT:
        with suppress(KeyError):
            entry = pwd.getpwnam(candidate)
            if entry.pw_uid == 0:
                raise LabError("PostgreSQL refuses to run as root; name another account")
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, change=True)
    wanted = name or " or ".join(_ACCOUNTS_FOR_ROOT)
    raise LabError(f"there is no account {wanted} to run PostgreSQL as; create one, or start the lab without root")


@dataclass(frozen=True, slots=True)
class Spawn:
    """The arguments with which a process is started as an account."""

    argv: tuple[str, ...]
    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None


def spawn_as(account: Account, argv: Sequence[str]) -> Spawn:
    """How to start `argv` as `account`.

    Where it can, setpriv changes the account: Python can then use vfork, which blocks the event loop for
    half a millisecond; changing it by itself means a fork of the whole interpreter, ten times slower.
    """
    if not account.change:
        return Spawn(tuple(argv))
    setpriv = shutil.which("setpriv", path="/usr/bin:/bin")
    if setpriv is None:
        return Spawn(tuple(argv), account.uid, account.gid, ())
    return Spawn((setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups", "--", *argv))


async def run(
    account: Account,
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    timeout: float = 60.0,
) -> str:
    """Run a program to its end and return its standard output.

    LabError, with what the program said, when it fails or takes longer than `timeout` seconds.
    A program that is given up on, for time or by cancellation, is killed with its process group.
    """
    spawn = spawn_as(account, argv)
    process = await asyncio.create_subprocess_exec(
        *spawn.argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=directory,
        env=dict(environment),
        start_new_session=True,
        user=spawn.user,
        group=spawn.group,
        extra_groups=spawn.extra_groups,
    )
    try:
        async with asyncio.timeout(timeout):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise LabError(f"{Path(argv[0]).name} did not end within {timeout:g} s") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        said = (errors or output).decode(errors="replace").strip()
        raise LabError(f"{Path(argv[0]).name} failed with exit status {process.returncode}: {said}")
    return output.decode(errors="replace")
