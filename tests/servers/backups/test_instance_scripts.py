"""What a drop removes, by a shell here: what has the mark of its order, as early as that is there, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from servers.backups.instance_scripts import REMOVE


def removed(directory: Path) -> str:
    argv = ["sh", "-c", REMOVE, "sh", str(directory), "", "key-OP1", "OP1"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "data.restore-OP1"
    (made / "base").mkdir(parents=True)
    (tmp_path / "data.restore-OP1.understudy").mkdir()
    return made


@pytest.mark.parametrize("mark", ["restore.begun", "restore.state"])
def test_what_broke_off_before_it_was_configured_is_dropped_as_well(directory: Path, mark: str) -> None:
    """Where the tool's job runs on another host, its state is not here: Barman's."""
    text = {"restore.begun": "key-OP1\n", "restore.state": "failed 1 1769828400 key-OP1\n"}[mark]
    (directory.with_name("data.restore-OP1.understudy") / mark).write_text(text)
    assert removed(directory) == "@done\n"
    assert list(directory.parent.iterdir()) == []


def test_tablespaces_that_a_server_uses_by_now_stay(directory: Path, tmp_path: Path) -> None:
    """What was restored in place has its tablespaces where they were laid out."""
    (directory.with_name("data.restore-OP1.understudy") / "restore.begun").write_text("key-OP1\n")
    (tmp_path / "data" / "pg_tblspc").mkdir(parents=True)
    (tmp_path / "data.restore-OP1.tablespaces" / "0").mkdir(parents=True)
    (tmp_path / "data" / "pg_tblspc" / "16385").symlink_to(tmp_path / "data.restore-OP1.tablespaces" / "0")
    assert "has its tablespaces in" in removed(directory)
    assert (tmp_path / "data.restore-OP1.tablespaces" / "0").is_dir()


@pytest.mark.parametrize("mark", ["", "key-OP2\n"])
def test_what_has_not_its_mark_stays(directory: Path, mark: str) -> None:
    (directory.with_name("data.restore-OP1.understudy") / "restore.begun").write_text(mark)
    assert "has not the mark of this order" in removed(directory)
    assert (directory / "base").is_dir()
