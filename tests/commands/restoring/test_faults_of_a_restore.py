"""Whatever is wrong with a backup, its archive or a host: it is said, and the live cluster goes on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.commands.conftest import Scene
from tests.commands.restoring.practice_restore import AT, Shelf, ended, restoring

TO = f"--to {AT:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[tuple[Scene, Shelf]]:
    async with restoring(tmp_path) as made:
        yield made


@pytest.mark.parametrize("text", [TO, f"{TO} --in-place", f"{TO} --standby db2"])
@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        ("lay_out", "base.tar.zst is truncated"),
        ("lay_out", "gpg: decryption failed: No secret key"),
        ("lay_out", "No space left on device"),
        ("altered", 'checksum mismatch for file "base/5/2619"'),
        ("recover", 'could not find "000000010000000000000003" in the archive'),
        ("recover", "incorrect resource manager data checksum in record at 0/3000060"),
    ],
)
async def test_whatever_is_wrong_with_a_backup_is_said_and_the_live_cluster_goes_on_untouched(
    set_up: tuple[Scene, Shelf], text: str, breaks: str, said: str
) -> None:
    scene, shelf = set_up
    shelf.fails[breaks] = said
    report = await ended(scene, f"restore {text}", "bob", "carol")
    assert said in report.summary
    assert "live cluster was not touched" in report.summary
    assert "/ha restore drop shop" in report.summary
    assert (scene.pair.writable, shelf.data) == (["db1"], "live")
    assert scene.pair.did == []


@pytest.mark.parametrize("gone", ["lay_out", "compare"])
async def test_a_host_that_is_restarted_in_the_middle_of_a_job_ends_it_and_what_is_there_can_be_dropped(
    set_up: tuple[Scene, Shelf], gone: str
) -> None:
    scene, shelf = set_up
    shelf.gone = gone
    report = await ended(scene, f"restore {TO} --in-place", "bob", "carol")
    assert "it broke off, as if its host had been restarted. The live cluster was not touched" in report.summary
    assert scene.pair.writable == ["db1"]
    shelf.gone = ""
    await ended(scene, "restore drop")
    assert len(shelf.removed) == 1
