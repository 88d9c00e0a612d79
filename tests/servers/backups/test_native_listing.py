"""Base backups, taken from what the script prints."""

from datetime import UTC, datetime

import pytest
from hypothesis import given

from servers.backups.native.listing import Listing, parse_listing
from servers.errors import ServerUnreachable
from servers.state import Outcome
from tests.servers.damage import damaged

LABEL = """\
START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
BACKUP METHOD: streamed
START TIME: 2026-11-24 03:56:54 UTC
LABEL: pg_basebackup base backup
START TIMELINE: 1
"""
MANIFEST = f"""\
{{ "Path": "global/pg_control", "Size": 8192, "Checksum-Algorithm": "CRC32C", "Checksum": "43872087" }}
],
"WAL-Ranges": [
{{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }},
{{ "Timeline": 2, "Start-LSN": "0/2000100", "End-LSN": "0/3000000" }}
],
"Manifest-Checksum": "{"af5b2516" * 8}"}}
"""


def backup(name: str, *, manifest: str | None = MANIFEST, label: str = LABEL, at: int = 1795492617) -> str:
    written = f"@manifest_at {at}\n@manifest\n{manifest}\n@end\n" if manifest is not None else ""
    return f"@backup {name}\n{written}@label\n{label}\n@end\n"


def listing(*backups: str, head: str = "@segments 7\n@segment_at 1795492617\n", sizes: str = "") -> Listing:
    return parse_listing("/backups/", f"{head}{''.join(backups)}{sizes}@done\n", {"known": 5})


def test_a_complete_backup() -> None:
    (found,) = listing(backup("monday"), sizes="@size 20 monday\n").backups

    assert (found.name, found.path, found.size) == ("monday", "/backups/monday", 20480)
    assert found.started_at == datetime(2026, 11, 24, 3, 56, 54, tzinfo=UTC)
    assert found.finished_at == datetime.fromtimestamp(1795492617, UTC)
    assert (found.start_lsn, found.end_lsn, found.timeline) == (0x2000028, 0x3000000, 2)


def test_one_is_ours_by_its_name_and_by_the_end_of_the_job_that_made_it() -> None:
    done, failed = "@job_backup done 1795492000 1795492617\n", "@job_backup failed 1795492000 1795492617\n"
    names = ("20261124T031200Z", "20261123T031200Z", "20261122T031200Z", "monday")
    states = (done, failed, "@job_verify done 1795492000 1795492617\n", done)

    found = listing(*(backup(name) + state for name, state in zip(names, states, strict=True)))

    assert {each.name for each in found.backups if each.ours} == {"20261124T031200Z"}


def test_the_archive() -> None:
    found = listing()

    assert found.archived_segments == 7
    assert found.last_archived_at == datetime.fromtimestamp(1795492617, UTC)


def test_no_archive_is_no_empty_archive() -> None:
    found = listing(head="@archive_error cannot look into /archive\n")

    assert (found.archived_segments, found.last_archived_at) == (None, None)


@pytest.mark.parametrize("manifest", [None, "", MANIFEST[:-5], MANIFEST.replace("0/3000000", "soon")])
def test_a_backup_whose_manifest_does_not_end_well_is_not_finished(manifest: str | None) -> None:
    (found,) = listing(backup("monday", manifest=manifest)).backups

    assert found.finished_at is None
    assert found.started_at is not None


def test_the_newest_comes_first() -> None:
    found = listing(backup("old", at=1000), backup("new", at=3000), backup("middle", at=2000))

    assert [each.name for each in found.backups] == ["new", "middle", "old"]


def test_an_incremental_backup_is_no_base() -> None:
    incremental = LABEL + "INCREMENTAL FROM LSN: 0/1000028\nINCREMENTAL FROM TLI: 1\n"

    assert listing(backup("tuesday", label=incremental)).backups == ()


def test_a_size_that_is_known_is_not_asked_for_again() -> None:
    assert listing(backup("known")).backups[0].size == 5


def test_a_time_whose_zone_cannot_be_told_is_left_out() -> None:
    (found,) = listing(backup("monday", label=LABEL.replace("UTC", "IST"))).backups

    assert found.started_at is None


def test_a_directory_that_cannot_be_read_is_said() -> None:
    with pytest.raises(ServerUnreachable) as caught:
        parse_listing("/backups", "@error cannot look into /backups\n", {})

    assert caught.value.outcome is Outcome.DENIED


def test_a_listing_that_broke_off_is_refused() -> None:
    with pytest.raises(ValueError, match="broke off"):
        parse_listing("/backups", backup("monday"), {})


@given(damaged(f"@segments 1\n@segment_at 1795492617\n{backup('monday')}@size 20 monday\n@done\n"))
def test_a_damaged_listing_is_refused_or_read_and_never_breaks_anything(text: str) -> None:
    try:
        found = parse_listing("/backups", text, {})
    except (ValueError, ServerUnreachable):
        return
    assert isinstance(found, Listing)
