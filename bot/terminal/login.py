"""Whose session this is, whoever the process runs as: what the kernel's audit has kept since the login."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

LOGIN_UID = Path("/proc/self/loginuid")
# (uid_t) -1: nobody has logged in, as in a container or a service. pam_loginuid(8), audit_getloginuid(3).
_NOT_SET = 4294967295


@dataclass(frozen=True, slots=True)
class Login:
    """`user` is who logged in, and who is asked for rights; `runs_as` is the user of the process.

    They differ behind sudo and su. Where the kernel does not know a login, both are the user of the process.
    """

    user: str
    runs_as: str

    @property
    def is_somebody_else(self) -> bool:
        return self.user != self.runs_as


def login_of_process(file: Path = LOGIN_UID) -> Login:
    """By the login's user id and the process's real one: environment variables do not count."""
    runs_as = os.getuid()
    login = _login_uid(file)
    return Login(_name(runs_as if login is None else login), _name(runs_as))


def _login_uid(file: Path) -> int | None:
    """None where it is not set, or this kernel does not keep it."""
    try:
        uid = int(file.read_text())
    except (OSError, ValueError):
        return None
    return None if uid == _NOT_SET else uid


def _name(uid: int) -> str:
    """An id without a name stands for itself: the settings map it to nobody."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
