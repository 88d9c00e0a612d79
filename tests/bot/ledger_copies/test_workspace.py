"""Where a copy of the ledger is made: what was left by a process that was killed goes, what another one uses stays."""

import subprocess
import sys
from pathlib import Path

from bot.ledger_copies.workspace import workspace

_WORKS = """
import sys, time
from pathlib import Path
from bot.ledger_copies.workspace import workspace
with workspace(Path(sys.argv[1])) as directory:
    (directory / "ledger").write_text("in the clear")
    print(directory, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_uses_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WORKS, tmp_path], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        with workspace(tmp_path) as ours:
            assert sorted(tmp_path.iterdir()) == sorted([theirs, ours])
        other.kill()
        other.wait()
    assert list(tmp_path.iterdir()) == [theirs]

    with workspace(tmp_path) as ours:
        assert list(tmp_path.iterdir()) == [ours]

    assert list(tmp_path.iterdir()) == []


def test_what_is_no_directory_of_ours_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    link = tmp_path / ".ledger-copy-link"
    link.symlink_to(elsewhere)

    with workspace(tmp_path):
        pass

    assert (elsewhere / "file").exists()
    assert link.is_symlink()
