"""Fixtures of the lab's own tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab_fixtures import lab, shared_lab

__all__ = ["lab", "own_base", "shared_lab"]


@pytest.fixture
def own_base() -> Iterator[Path]:
    """A place for labs that no other lab of this machine knows, and that PostgreSQL's account can enter."""
    parent = Path(tempfile.mkdtemp(prefix="understudy-", dir="/tmp"))
    parent.chmod(0o755)
    yield parent / "labs"
    shutil.rmtree(parent)
