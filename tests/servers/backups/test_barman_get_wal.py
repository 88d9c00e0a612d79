"""The restore_command of Barman's archive: a segment comes as it is, and the next ones before they are asked for.

Run by a shell, with a barman of ours that writes down what it was asked for.
"""

import os
import subprocess
from pathlib import Path

import pytest

from servers.backups.barman.place import BarmanPlace
from servers.backups.barman.restoring import restore_command

SIZE = 16 * 2**20  # a segment's, by which the name of the next one is counted
BARMAN = """#!/bin/sh
echo "$3" >> "$STORE/asked"
[ ! -e "$STORE/broken" ] || { echo "EXCEPTION: no such configuration" >&2; exit 1; }
[ -f "$STORE/$3" ] || { echo "ERROR: WAL file '$3' not found in server 'shop'" >&2; exit 1; }
cat "$STORE/$3"
"""
LAST_OF_ITS_LOG, FIRST_OF_THE_NEXT, THEN = (
    "0000000100000000000000FF", "000000010000000100000000", "000000010000000100000001"
)  # fmt: skip


class Recovering:
    """A directory that recovers, with one beside it for what is fetched ahead."""

    def __init__(self, root: Path) -> None:
        self.store, self.data = root / "store", root / "data"
        self.ahead = root / "data.understudy" / "ahead"
        for path in (self.store, self.data, root / "bin"):
            path.mkdir()
        (root / "bin" / "barman").write_text(BARMAN)
        (root / "bin" / "barman").chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{root / 'bin'}:{os.environ['PATH']}", "STORE": str(self.store)}

    def archive(self, name: str) -> None:
        with (self.store / name).open("wb") as file:
            file.write(name.encode())
            file.truncate(SIZE)

    def get(self, name: str) -> tuple[int, str]:
        """The status, and the name that is in what was got. PostgreSQL puts %f, %p and %% in."""
        command = restore_command(BarmanPlace("shop"), "").replace("%%", "\0").replace("%f", name)
        command = command.replace("%p", "got").replace("\0", "%")
        done = subprocess.run(["sh", "-c", command], cwd=self.data, env=self.environment, capture_output=True)
        return done.returncode, (self.data / "got").read_bytes()[: len(name)].decode() if done.returncode == 0 else ""

    def asked(self, name: str) -> int:
        return (self.store / "asked").read_text().splitlines().count(name)


@pytest.fixture
def recovering(tmp_path: Path) -> Recovering:
    made = Recovering(tmp_path)
    made.ahead.mkdir(parents=True)
    for name in (LAST_OF_ITS_LOG, FIRST_OF_THE_NEXT, THEN):
        made.archive(name)
    return made


def test_each_segment_comes_as_it_is_and_is_fetched_once(recovering: Recovering) -> None:
    for name in (LAST_OF_ITS_LOG, FIRST_OF_THE_NEXT, THEN):
        assert recovering.get(name) == (0, name)
    assert [recovering.asked(name) for name in (LAST_OF_ITS_LOG, FIRST_OF_THE_NEXT, THEN)] == [1, 1, 1]


def test_what_the_archive_lacks_is_its_end_and_what_fails_otherwise_is_not(recovering: Recovering) -> None:
    assert recovering.get("000000010000000100000002")[0] == 1
    (recovering.store / "broken").touch()
    assert recovering.get("000000010000000100000002")[0] == 126


def test_where_there_is_no_place_for_it_nothing_is_fetched_ahead(recovering: Recovering) -> None:
    recovering.ahead.rmdir()
    assert recovering.get(LAST_OF_ITS_LOG) == (0, LAST_OF_ITS_LOG)
    assert recovering.asked(FIRST_OF_THE_NEXT) == 0
    assert list(recovering.ahead.parent.iterdir()) == []
