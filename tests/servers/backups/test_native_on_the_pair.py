"""Base backups and the archive of a real pair."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.options import LabOptions
from servers.backups.native.lister import NativeBackups
from servers.inventory import BackupPlace, BackupTool, Cluster
from servers.state import BackupState, Outcome
from tests.servers.pair import Pair, now, practice_pair

pytestmark = pytest.mark.lab

HOSTILE = ("$(touch pwned)", "; touch pwned", "a b", "-rf", "@done", "ünï\n@backup x")


def somewhere(pair: Pair, directory: str, archive: str | None = None, server: str | None = None) -> Cluster:
    place = BackupPlace(BackupTool.NATIVE, directory, archive, server)
    return Cluster("shop", "C0OPS", pair.cluster.servers, place)


async def test_base_backups_and_the_archive_are_found() -> None:
    async with practice_pair(LabOptions(base_backup=True)) as pair:
        second = await pair.lab.take_backup("db2")
        await pair.lab.server("db1").query("SELECT pg_switch_wal()")
        backups = NativeBackups(pair.shells, now)

        state = await archived(backups, pair.cluster)
        again = await backups.list(pair.cluster)

        assert state.backups[0].path == str(second)
        assert len(state.backups) == 2
        for backup in state.backups:
            assert backup.started_at is not None
            assert backup.finished_at is not None
            assert backup.started_at <= backup.finished_at + timedelta(seconds=1)
            assert abs(datetime.now(UTC) - backup.finished_at) < timedelta(minutes=2)
            assert backup.size > 10_000_000
            assert backup.timeline == 1
            assert backup.start_lsn is not None
            assert backup.end_lsn is not None
            assert backup.start_lsn < backup.end_lsn
        assert again.backups == state.backups

        await hostile_names_change_nothing(pair, backups, state)
        await what_is_not_there_is_said(pair, backups)


async def hostile_names_change_nothing(pair: Pair, backups: NativeBackups, before: BackupState) -> None:
    """Directories whose names are shell, options or our own format; and one that is no backup."""
    for name in HOSTILE:
        directory = pair.lab.account.directory(pair.lab.backups / name)
        pair.lab.account.write(directory / "backup_label", "START TIME: 2026-01-01 00:00:00 UTC\n")
    (pair.lab.backups / "unrelated").mkdir()

    state = await backups.list(pair.cluster)

    finished = tuple(backup for backup in state.backups if backup.finished_at)
    assert state.answer.ok
    assert finished == before.backups
    assert "unrelated" not in {backup.name for backup in state.backups}
    assert not list(Path(pair.lab.directory).rglob("pwned"))


async def what_is_not_there_is_said(pair: Pair, backups: NativeBackups) -> None:
    nowhere = await backups.list(somewhere(pair, "/nowhere"))
    no_archive = await backups.list(somewhere(pair, str(pair.lab.backups), "/nowhere", "db2"))
    empty = pair.lab.account.directory(pair.lab.directory / "empty")
    nothing = await backups.list(somewhere(pair, str(empty), str(empty)))
    unasked = await backups.list(Cluster("shop", "C0OPS", pair.cluster.servers))
    await pair.lab.server("db2").ssh.stop()
    silent = await backups.list(somewhere(pair, str(pair.lab.backups), None, "db2"))

    assert nowhere.answer.outcome is Outcome.DENIED
    assert no_archive.answer.ok
    assert (no_archive.archived_segments, no_archive.last_archived_at) == (None, None)
    assert nothing.answer.ok
    assert (nothing.backups, nothing.archived_segments, nothing.last_archived_at) == ((), 0, None)
    assert unasked.answer.outcome is Outcome.NOT_ASKED
    assert not silent.answer.ok


async def archived(backups: NativeBackups, cluster: Cluster) -> BackupState:
    """The listing, once something is archived."""
    async with asyncio.timeout(30):
        while not (state := await backups.list(cluster)).last_archived_at:
            await asyncio.sleep(0.05)
    assert state.archived_segments
    return state
