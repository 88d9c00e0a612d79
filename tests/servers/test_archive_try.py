"""Whether a standby could archive, tried on its own host for each kind of archive_command; nothing stays there."""

from pathlib import Path

import pytest

from servers.readiness import ArchiveTry
from tests.servers.pair import Pair

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

TOOL = """#!/bin/sh
echo "$*" >> {log}
case "$*" in *--stanza=wrong*) echo "P00 ERROR: [055]: unable to load info file"; exit 55 ;; esac
"""


@pytest.fixture
def archive(shared_pair: Pair) -> Path:
    """An empty directory of PostgreSQL's user."""
    made = shared_pair.lab.server("db2").paths.root / "tried"
    made.mkdir(exist_ok=True)
    shared_pair.lab.account.own(made)
    return made


async def tried(pair: Pair, command: str, directory: str | None = None) -> ArchiveTry:
    await pair.lab.server("db2").query("ALTER SYSTEM SET archive_command = '" + command.replace("'", "''") + "'")
    return await pair.engine.archive_try(pair.cluster.server("db2"), directory)


def tool(pair: Pair, name: str) -> tuple[Path, Path]:
    """A stand-in for an archiving tool, and the file into which it writes how it was called."""
    root = pair.lab.server("db2").paths.root
    program, log = root / name, root / f"{name}.log"
    log.write_text("")
    program.write_text(TOOL.format(log=log))
    program.chmod(0o755)
    for each in (program, log):
        pair.lab.account.own(each)
    return program, log


@pytest.mark.parametrize("command", ["cp %p {}/%f", "test ! -f {}/%f && cp %p {}/%f", 'cp "%p" "{}/%f"'])
async def test_a_copy_into_a_directory_is_tried_with_a_file_that_goes_again(
    shared_pair: Pair, archive: Path, command: str
) -> None:
    found = await tried(shared_pair, command.format(archive, archive))
    assert (found.directory, found.proves) == (True, True), found
    assert f"{archive} took a file, which was taken away again" in found.detail
    assert list(archive.iterdir()) == []


async def test_a_directory_that_takes_nothing_or_is_not_there_fails(shared_pair: Pair, archive: Path) -> None:
    assert (await tried(shared_pair, f"cp %p {archive}/missing/%f")).fails
    root_owned = archive / "closed"
    root_owned.mkdir(exist_ok=True)
    root_owned.chmod(0o555)
    found = await tried(shared_pair, f"cp %p {root_owned}/%f")
    assert found.fails
    assert "takes no file" in found.detail
    root_owned.rmdir()


async def test_pgbackrest_is_asked_by_its_own_check(shared_pair: Pair) -> None:
    program, log = tool(shared_pair, "pgbackrest")
    found = await tried(shared_pair, f"{program} --stanza=shop archive-push %p")
    assert (found.tool, found.proves) == (True, True), found
    assert log.read_text() == "--stanza=shop check\n"

    found = await tried(shared_pair, f"{program} --stanza=wrong archive-push %p")
    assert found.fails
    assert "[055]: unable to load info file" in found.detail


async def test_barman_is_asked_by_its_own_test(shared_pair: Pair) -> None:
    program, log = tool(shared_pair, "barman-wal-archive")
    found = await tried(shared_pair, f"{program} backup shop %p")
    assert found.tool is True, found
    assert log.read_text() == "--test backup shop unused\n"


@pytest.mark.parametrize("command", ["{tool} %p; echo x", "{tool} $HOME/%p", "{tool} push %p", "{tool} `id` %p"])
async def test_a_command_of_no_known_kind_is_not_run(shared_pair: Pair, command: str) -> None:
    program, log = tool(shared_pair, "ship-wal")
    found = await tried(shared_pair, command.format(tool=program))
    assert (found.tool, found.directory, found.proves) == (None, None, False), found
    assert log.read_text() == ""


async def test_a_program_that_is_not_there_fails(shared_pair: Pair) -> None:
    found = await tried(shared_pair, "wal-g wal-push %p")
    assert (found.program, found.fails) == (False, True)
