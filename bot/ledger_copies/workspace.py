"""A directory beside the ledger in which a copy is made or unpacked; what a process that was killed left is cleared."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".ledger-copy-"


@contextmanager
def workspace(beside: Path) -> Iterator[Path]:
    """Removed at the end. Whoever makes one removes those that nobody holds: they have the ledger in the clear.

    It is held by a lock that the kernel lets go of when its process ends, however it ends. Raises OSError.
    """
    # Beside the ledger, not in /tmp: there is room for another one, and nobody else reads there.
    with _locked(beside):  # so that nobody sees one that is made and not held yet
        _clear(beside)
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=beside))
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(held)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _clear(beside: Path) -> None:
    for left in beside.glob(f"{_PREFIX}*"):
        with suppress(OSError), _held_by_nobody(left):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _held_by_nobody(directory: Path) -> Iterator[None]:
    """Raises OSError where somebody holds it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
