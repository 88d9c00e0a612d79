"""The archive_command of ours, called as PostgreSQL calls it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import disks
from lab.accounts import Account, postgres_account
from servers.backups.native.archive_command import ARCHIVE_SCRIPT, COMPRESSIONS, archive_command
from servers.backups.native.fetching import restore_command
from servers.inventory import BackupPlace, BackupTool, Encryption
from tests.servers.backups.keys import key_ring, make_key

SEGMENT = "000000010000000A000000FE"
_MEGABYTE = 2**20


class Archive:
    """A data directory with a segment, and an archive of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "it's an 100% archive"
        self.data = directory / "data"
        self.script = directory / "understudy-archive"
        self.directory.mkdir()
        (self.data / "pg_wal").mkdir(parents=True)
        self.script.write_text(ARCHIVE_SCRIPT)
        self.script.chmod(0o755)
        self.content = os.urandom(_MEGABYTE)
        self.segment(SEGMENT, self.content)

    def segment(self, name: str, content: bytes) -> None:
        (self.data / "pg_wal" / name).write_bytes(content)

    def command(self, compression: str | None = None, encryption: Encryption | None = None) -> str:
        place = BackupPlace(BackupTool.NATIVE, "/b", str(self.directory), encryption=encryption)
        return archive_command(place, compression, str(self.script))

    def begin(self, command: str | None = None, name: str = SEGMENT, **surroundings: str) -> "subprocess.Popen[str]":
        """As src/backend/archive/shell_archive.c does it: %p is relative to the data directory, its shell is sh."""
        line = (command or self.command()).replace("%%", "\0").replace("%p", f"pg_wal/{name}").replace("\0", "%")
        return subprocess.Popen(
            ["sh", "-c", line],
            cwd=self.data,
            env={**os.environ, **surroundings},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, command: str | None = None, name: str = SEGMENT, **surroundings: str) -> tuple[int, str]:
        process = self.begin(command, name, **surroundings)
        _, said = process.communicate(timeout=30)
        return process.returncode, said

    def fetch(self, keys: Encryption | None = None) -> tuple[int, bytes]:
        line = restore_command(str(self.directory), keys)
        line = line.replace("%%", "\0").replace("%p", "pg_wal/RECOVERYXLOG").replace("%f", SEGMENT).replace("\0", "%")
        done = subprocess.run(["sh", "-c", line], cwd=self.data, capture_output=True, timeout=30, check=False)
        found = self.data / "pg_wal" / "RECOVERYXLOG"
        return done.returncode, found.read_bytes() if found.exists() else b""

    def with_program(self, name: str, text: str) -> str:
        """A PATH on which that program is another one."""
        programs = self.data.with_name("programs")
        programs.mkdir()
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
        return f"{programs}:{os.environ['PATH']}"

    def names(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir() if path.is_file())


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture(scope="module")
def me() -> Account:
    return Account("me", os.getuid(), os.getgid(), change=False)


@pytest.fixture(scope="module")
def encryption(me: Account) -> Iterator[Encryption]:
    with key_ring(me) as home:
        yield Encryption((make_key(home, "one@example.org", me), make_key(home, "two@example.org", me)), str(home))


def test_a_segment_is_archived_as_it_is(archive: Archive) -> None:
    assert archive.run() == (0, "")
    assert archive.names() == [SEGMENT]
    assert archive.fetch() == (0, archive.content)


@pytest.mark.parametrize("compression", [None, *COMPRESSIONS])
def test_the_same_one_again_counts_as_archived(archive: Archive, compression: str | None) -> None:
    command = archive.command(compression)
    assert archive.run(command) == (0, "")
    before = archive.names()
    assert archive.run(command) == (0, "")
    assert archive.names() == before
    assert archive.fetch() == (0, archive.content)


@pytest.mark.parametrize("compression", [None, *COMPRESSIONS])
def test_a_different_one_is_refused_and_what_is_there_stays(archive: Archive, compression: str | None) -> None:
    command = archive.command(compression)
    archive.run(command)
    archive.segment(SEGMENT, os.urandom(_MEGABYTE))
    status, said = archive.run(command)
    assert status == 1
    assert "is there already and is not the same" in said
    assert archive.fetch() == (0, archive.content)


def test_what_was_archived_with_other_options_is_the_same_one_too(archive: Archive) -> None:
    archive.run(archive.command("gzip"))
    assert archive.run(archive.command("zstd")) == (0, "")
    assert archive.names() == [f"{SEGMENT}.gz"]


def test_encrypted_to_each_recipient(archive: Archive, encryption: Encryption) -> None:
    command = archive.command("zstd", encryption)
    assert archive.run(command) == (0, "")
    assert archive.run(command) == (0, "")
    assert archive.names() == [f"{SEGMENT}.zst.gpg"]
    assert archive.content not in (archive.directory / f"{SEGMENT}.zst.gpg").read_bytes()
    assert archive.fetch(encryption) == (0, archive.content)
    archive.segment(SEGMENT, os.urandom(_MEGABYTE))
    status, said = archive.run(command)
    assert (status, "is not the same" in said) == (1, True)


def test_a_recipient_whose_key_is_not_there_archives_nothing(archive: Archive, encryption: Encryption) -> None:
    status, said = archive.run(archive.command(None, Encryption(("F" * 40,), encryption.gpg_home)))
    assert status == 1
    assert "F" * 40 in said
    assert archive.names() == []


def test_what_cannot_be_decrypted_ends_the_recovery_and_is_no_end_of_the_archive(
    archive: Archive, encryption: Encryption, me: Account
) -> None:
    archive.run(archive.command(None, encryption))
    with key_ring(me) as empty:
        status, _ = archive.fetch(Encryption((), str(empty)))
    assert status < 0 or status > 125
    assert archive.fetch(encryption)[0] == 0


def test_a_segment_that_was_cut_short_ends_the_recovery(archive: Archive) -> None:
    archive.run(archive.command("zstd"))
    packed = archive.directory / f"{SEGMENT}.zst"
    packed.write_bytes(packed.read_bytes()[:-1000])
    status, _ = archive.fetch()
    assert status < 0 or status > 125


def test_one_that_is_not_there_is_the_end_of_the_archive(archive: Archive) -> None:
    assert archive.fetch() == (1, b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_on_a_full_disk_nothing_is_archived_and_the_next_try_succeeds(archive: Archive) -> None:
    disks.mount(archive.directory, postgres_account())
    try:
        disks.fill_up(archive.directory, postgres_account())
        status, said = archive.run()
        assert (status, "is its disk full?" in said) == (1, True)
        assert archive.names() == [disks.BALLAST]
        (archive.directory / disks.BALLAST).unlink()
        assert archive.run() == (0, "")
        assert archive.fetch() == (0, archive.content)
    finally:
        disks.unmount(archive.directory)


def test_killed_in_the_middle_it_leaves_no_segment_and_the_next_try_tidies_up(archive: Archive) -> None:
    """Its cp writes the half of it, and hangs."""
    path = archive.with_program("cp", 'head -c 1000 "$2" > "$3"; exec sleep 60')
    process = archive.begin(PATH=path)
    until(lambda: any((archive.directory / name).stat().st_size == 1000 for name in archive.names()))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    assert SEGMENT not in archive.names()
    assert archive.fetch()[0] == 1

    assert archive.run() == (0, "")
    assert archive.names() == [SEGMENT]
    assert archive.fetch() == (0, archive.content)


def test_killed_after_it_was_named_it_is_the_same_one(archive: Archive) -> None:
    """As when the host goes down before PostgreSQL has heard of it."""
    archive.run()
    (archive.directory / f"{SEGMENT}.{os.uname().nodename}.999999999.part").write_bytes(archive.content)
    assert archive.run() == (0, "")
    assert archive.names() == [SEGMENT]


@pytest.mark.parametrize("encrypted", [False, True])
def test_of_many_at_once_one_gets_the_name(archive: Archive, encryption: Encryption, encrypted: bool) -> None:
    """Two servers with different segments of that name: all calls of one of them succeed, all of the other one fail."""
    command = archive.command(None, encryption if encrypted else None)
    other = archive.data.with_name("other")
    (other / "pg_wal").mkdir(parents=True)
    (other / "pg_wal" / SEGMENT).write_bytes(os.urandom(_MEGABYTE))
    line = command.replace("%%", "\0").replace("%p", f"pg_wal/{SEGMENT}").replace("\0", "%")

    def call(directory: Path) -> int:
        return subprocess.run(
            ["sh", "-c", line], cwd=directory, capture_output=True, timeout=60, check=False
        ).returncode

    with ThreadPoolExecutor(8) as pool:
        mine = [pool.submit(call, archive.data) for _ in range(4)]
        theirs = [pool.submit(call, other) for _ in range(4)]
    ended = sorted([{each.result() for each in mine}, {each.result() for each in theirs}], key=max)
    assert ended == [{0}, {1}]
    won = archive.data if mine[0].result() == 0 else other
    assert archive.fetch(encryption) == (0, (won / "pg_wal" / SEGMENT).read_bytes())
    assert len(archive.names()) == 1


@pytest.mark.parametrize("name", ["a b", "$(id)", ".hidden", "x;y"])
def test_what_is_no_name_of_ours_is_refused(archive: Archive, name: str) -> None:
    archive.segment(name, b"x")
    done = subprocess.run(
        [archive.script, f"pg_wal/{name}", archive.directory], cwd=archive.data, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert archive.names() == []


def test_without_its_directory_nothing_is_archived(archive: Archive) -> None:
    """A file system that is not mounted must not be taken for an empty archive."""
    archive.directory.rename(archive.directory.with_name("gone"))
    status, said = archive.run()
    assert (status, "is not there" in said) == (1, True)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
