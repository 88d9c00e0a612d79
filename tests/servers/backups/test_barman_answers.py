"""What Barman says, as values and in one line. The texts are those of version 3.4 and newer ones."""

import json
from dataclasses import replace

import pytest

from servers.backups.barman.asking import Barman, barman_of, failed_checks_of, obsolete_of
from servers.backups.barman.failures import explain
from servers.backups.barman.listing import Tablespace, parse_catalogue, parse_disk, parse_verified
from servers.backups.barman.place import BarmanPlace
from servers.backups.barman.restoring import restore_command, tablespace_options
from servers.backups.tool_host import separate_host
from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.inventory import BackupPlace, BackupTool, SshTarget
from tests.servers.seen import PAIR

ID = "20261124T125301"
FIELDS = (
    "begin_time=2026-11-24 12:53:01.380387+00:00",
    "begin_xlog=0/2C00028",
    "deduplicated_size=23204073",
    "end_time=2026-11-24 12:53:03.900670+00:00",
    "end_xlog=0/3000000",
    "error=None",
    "status=DONE",
    "tablespaces=[('fast', 16400, '/ssd/fast')]",
    "timeline=1",
    "xlog_segment_size=4194304",
)


def lines(name: str, *changed: str) -> list[str]:
    return [f"{name} {field}" for field in (*FIELDS, *changed)]


def test_backups_come_newest_first() -> None:
    later = "20261125T125301"
    found = parse_catalogue("/base/", [*lines(ID), *lines(later)], parse_verified([f"{ID} 1795524790", "junk"]))
    newest, oldest = found.backups
    assert (newest.name, newest.path, oldest.name) == (later, f"/base/{later}", ID)
    assert (oldest.timeline, oldest.size, oldest.kind, newest.verified_at) == (1, 23204073, "full", None)
    assert oldest.verified_at is not None
    assert found.segment_size == 4 * 2**20
    assert found.tablespaces[ID] == (Tablespace("fast", "/ssd/fast"),)


def test_one_that_failed_or_still_runs_is_not_complete() -> None:
    failed = lines(ID, "status=FAILED", "error=failure copying files")
    started = ["20261125T000000 status=STARTED", "20261125T000000 begin_time=2026-11-25 00:00:00"]
    running, broken = parse_catalogue("/base", [*failed, *started], {}).backups
    assert (running.finished_at, running.problem, running.size) == (None, "", 0)
    assert (broken.finished_at, broken.problem) == (None, "failure copying files")


def test_an_incremental_one_needs_its_parent() -> None:
    (found,) = parse_catalogue("/base", lines(ID, "parent_backup_id=20261123T000000"), {}).backups
    assert (found.kind, found.based_on) == ("incr", "20261123T000000")


@pytest.mark.parametrize("changed", ["tablespaces=[(", "tablespaces=7", "begin_xlog=x", "begin_time=x", "timeline=x"])
def test_a_catalogue_that_makes_no_sense_is_an_error(changed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_catalogue("/base", lines(ID, changed), {})


def test_the_disk_is_as_df_tells() -> None:
    (disk,) = parse_disk("/dev/sda1 1000 400 600 40% /var/lib/barman", "/base")
    assert (disk.path, disk.mount, disk.available) == ("/base", "/var/lib/barman", 600 * 1024)
    assert parse_disk(None, "/base") == parse_disk("df: no", "/base") == ()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            '{"_ERROR": ["Unknown server \'x\'"]}',
            "Barman has no cluster of that name: correct backups.name: Unknown server 'x'",
        ),
        (
            "ERROR: Another backup process is running",
            "another backup runs there already: wait for its end: Another backup process is running",
        ),
        (
            "Calling pg_verifybackup\nunderstudy: ERROR: verify backup failure on directory '/b/data' ERROR: "
            'pg_verifybackup: error: checksum mismatch for file "base/5/1247" ',
            "the backup does not agree with its manifest: verify backup failure on directory '/b/data'; "
            'pg_verifybackup: error: checksum mismatch for file "base/5/1247"',
        ),
        ("sh: 1: nonsense", "sh: 1: nonsense"),
        ("", "Barman said nothing"),
    ],
)
def test_a_failure_is_one_line(said: str, line: str) -> None:
    assert explain(said) == line


def test_the_checks_that_fail_come_with_their_hints() -> None:
    rows = {"wal_archive": {"hint": "make sure WAL shipping is set up", "status": "FAILED"}, "ssh": {"status": "OK"}}
    assert failed_checks_of(json.dumps({"shop": rows}), "shop") == ("wal archive (make sure WAL shipping is set up)",)
    with pytest.raises(ServerUnreachable, match="Barman has no cluster of that name"):
        failed_checks_of('{"_ERROR": ["Unknown server \'shop\'"]}', "shop")


def test_what_the_retention_policy_does_not_keep() -> None:
    backups = [{"backup_id": "b", "retention_status": "VALID"}, {"backup_id": "a", "retention_status": "OBSOLETE"}]
    assert obsolete_of(json.dumps({"shop": backups}), "shop") == ("a",)
    with pytest.raises(ServerUnreachable, match="makes no sense"):
        obsolete_of("[]", "shop")


def test_every_tablespace_goes_where_it_is_told_and_none_into_the_live_one() -> None:
    there = (Tablespace("fast", "/ssd/fast"),)
    assert tablespace_options(there, [("/ssd/fast", "/beside")]) == ("--tablespace", "fast:/beside")
    with pytest.raises(ActionFailed, match="never into the one that is in use"):
        tablespace_options(there, [])


@pytest.mark.parametrize("host", [None, PAIR.servers[0].ssh])
def test_clusters_on_one_host_keep_apart_what_they_verified(host: SshTarget | None) -> None:
    backups = BackupPlace(BackupTool.BARMAN, "", barman=BarmanPlace("main", host=host, state="/state"))
    shop, books = (barman_of(replace(PAIR, name=name, backups=backups)) for name in ("shop", "books"))

    assert shop is not None
    assert books is not None
    assert shop.host.service.data_directory == "/state-shop"
    assert books.host.service.data_directory == "/state-books"


def test_the_way_to_another_host_is_the_bots_own_where_the_settings_name_none() -> None:
    db1, db2 = PAIR.servers
    place = BarmanPlace("shop", "/etc/barman.conf", to_servers=(("db1", "ssh db1"),))
    barman = Barman(place, separate_host("db2", db2.ssh, place.state), "db2")
    assert (barman.to_server(db1), barman.to_server(db2), barman.from_server(db2)) == ("ssh db1", "", "")
    assert barman.from_server(db1) == f"ssh -q -p {db2.ssh.port} {db2.ssh.user}@{db2.ssh.host}"
    command = restore_command(place, barman.from_server(db1))
    assert command.endswith(f"""sh '{barman.from_server(db1)}' shop /etc/barman.conf "%f" "%p\"""")
