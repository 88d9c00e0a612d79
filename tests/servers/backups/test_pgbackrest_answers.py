"""What pgBackRest says, as values and in one line. The texts are those of versions 2.45 and newer ones."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from servers.backups.pgbackrest.expiring import expired_of
from servers.backups.pgbackrest.failures import explain
from servers.backups.pgbackrest.info import parse_info, parse_verified, segment_size_of
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.backups.pgbackrest.restoring import restore_command, tablespace_options
from servers.engines.engine import ActionFailed
from servers.lsn import Lsn

FULL, INCR = "20261124-123524F", "20261124-123524F_20261124-123528I"


def backup(label: str, repository: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        "archive": {"start": "000000010000000000000003", "stop": "000000010000000000000005"},
        "database": {"id": 1, "repo-key": repository},
        "error": False,
        "info": {"delta": 22992602, "repository": {"delta": 3056519}, "size": 22992602},
        "label": label,
        "lsn": {"start": "0/C00028", "stop": "0/1400050"},
        "prior": FULL if "_" in label else None,
        "timestamp": {"start": 1795523724, "stop": 1795523727},
        "type": "incr" if "_" in label else "full",
        **changed,
    }


def answer(*backups: Mapping[str, Any], **changed: Any) -> str:
    archive = {"database": {"id": 1, "repo-key": 1}, "id": "15-1", "max": "000000010000000000000005"}
    stanza = {
        "archive": [archive, {**archive, "database": {"id": 2, "repo-key": 1}, "id": "16-2"}],
        "backup": list(backups),
        "name": "shop",
        "repo": [{"cipher": "aes-256-cbc", "key": 1, "status": {"code": 0, "message": "ok"}}],
        "status": {"code": 0, "lock": {"backup": {"held": False}}, "message": "ok"},
        **changed,
    }
    return json.dumps([{"name": "another"}, stanza])


def test_backups_come_newest_first_with_what_they_build_on() -> None:
    later = {"start": 1795523730, "stop": 1795523731}
    info = parse_info(
        "shop", answer(backup(FULL), backup(INCR, timestamp=later)), parse_verified([f"1 {FULL} 1795523999", "junk"])
    )
    newest, oldest = info.backups
    assert (newest.name, newest.kind, newest.based_on) == (INCR, "incr", FULL)
    assert (oldest.timeline, oldest.size, oldest.encrypted, newest.verified_at) == (1, 3056519, True, None)
    assert oldest.verified_at is not None
    assert info.repositories[0].archive == "16-2"  # after an upgrade, the new one
    assert info.running is None


def test_damaged_pages_are_a_problem_of_the_backup() -> None:
    (found,) = parse_info("shop", answer(backup(FULL) | {"error": True, "error-list": ["base/1/2"]})).backups
    assert found.problem == "pages were damaged in the database when it was copied: base/1/2"


def test_a_running_backup_is_told_with_its_progress_where_the_version_gives_it() -> None:
    old = {"code": 0, "lock": {"backup": {"held": True}}, "message": "ok"}
    new = {"code": 0, "lock": {"backup": {"held": True, "size": 1000, "size-cplt": 430}}, "message": "ok"}
    running = [parse_info("shop", answer(status=status)).running for status in (old, new)]
    assert [each.progress for each in running if each] == ["", ", 43 % done"]


def test_a_repository_that_cannot_be_read_is_a_problem_and_the_others_count() -> None:
    bad = {"key": 2, "status": {"code": 99, "message": "[ServiceError] [500] Internal Server Error"}}
    repositories = [{"cipher": "none", "key": 1, "status": {"code": 0, "message": "ok"}}, bad]
    info = parse_info("shop", answer(backup(FULL), backup(FULL, 9), repo=repositories))
    assert info.problem == "repo2: the store answers 500 (Internal Server Error)"
    assert len(info.backups) == 1


@pytest.mark.parametrize("said", ["", "nonsense", "{}", "[]", '[{"name": "shop"}]', "[1]"])
def test_an_answer_that_makes_no_sense_is_an_error(said: str) -> None:
    with pytest.raises(ValueError, match="pgBackRest's answer"):
        parse_info("shop", said)


@pytest.mark.parametrize(
    ("lsn", "name", "size"),
    [
        (0xC00028, "000000010000000000000003", 4 * 2**20),
        (0x3000028, "000000010000000000000003", 16 * 2**20),
        (0x5_40000000, "000000010000000500000001", 2**30),
        (0x28, "000000010000000000000000", None),
    ],
)
def test_the_size_of_a_segment_is_told_by_a_position_and_its_name(lsn: int, name: str, size: int | None) -> None:
    assert segment_size_of([(Lsn(lsn), name)]) == size


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            "ERROR: [050]: unable to acquire lock on file '/lock/shop-backup.lock': Resource temporarily unavailable; "
            "HINT: is another pgBackRest process running?",
            "another pgBackRest command holds the stanza's lock there (a backup or an expire): wait for its end: "
            "unable to acquire lock on file '/lock/shop-backup.lock': Resource temporarily unavailable [pgBackRest 50]",
        ),
        (
            "ERROR: [029]: raised from local-1 protocol: unexpected eof in compressed data\n"
            "       [FormatError] on retry after 0ms",
            "a file in the repository is damaged: unexpected eof in compressed data [pgBackRest 29]",
        ),
        (
            "ERROR: [039]: raised from local-1 protocol: HTTP request failed with 500 (INTERNAL SERVER ERROR):\n"
            "       *** Path/Query ***:\n       PUT /repo/x",
            "the store answers 500 (INTERNAL SERVER ERROR) to PUT /repo/x [pgBackRest 39]",
        ),
        (
            "ERROR: [041]: unable to write '/repo/x': [28] No space left on device",
            "the disk is full there: unable to write '/repo/x': [28] No space left on device [pgBackRest 41]",
        ),
        (
            "ERROR: [055]: unable to open missing file '/c' for read; HINT: is it there?",
            "unable to open missing file '/c' for read (is it there?) [pgBackRest 55]",
        ),
        ("sh: 1: nonsense", "sh: 1: nonsense"),
        ("", "pgBackRest said nothing"),
    ],
)
def test_a_failure_is_one_line(said: str, line: str) -> None:
    assert explain(said) == line


def test_what_expires_is_counted() -> None:
    said = (
        f"P00   INFO: [DRY-RUN] repo1: expire full backup set {FULL}, {INCR}\n"
        f"P00   INFO: [DRY-RUN] repo1: remove expired backup {INCR}\n"
        f"P00   INFO: [DRY-RUN] repo1: remove expired backup {FULL}\n"
        "P00   INFO: [DRY-RUN] repo1: 15-1 remove archive, start = 0000000100000000000000FE, stop = "
        "000000010000000100000001\n"
    )
    expired = expired_of(said, 16 * 2**20, dry_run=True)
    assert (expired.backups, expired.segments) == ((INCR, FULL), 4)
    assert "would let go of 2 backups and 4 segments" in expired.detail


def test_every_tablespace_goes_where_it_is_told_and_none_into_the_live_one() -> None:
    said = answer(backup(FULL, tablespace=[{"name": "fast", "destination": "/ssd/fast", "oid": 16400}]))
    shop = json.dumps(json.loads(said)[1:])
    assert tablespace_options(shop, [("/ssd/fast", "/beside/fast")]) == ("--tablespace-map=fast=/beside/fast",)
    with pytest.raises(ActionFailed, match="never into the one that is in use"):
        tablespace_options(shop, [("/elsewhere", "/beside/fast")])


def test_nothing_in_the_settings_is_part_of_the_restore_commands_script() -> None:
    command = restore_command(PgBackRestPlace("a'b %p", "/etc/x; touch y"))
    assert command.endswith("""sh 'a'"'"'b %%p' '/etc/x; touch y' "%f" "%p\"""")
