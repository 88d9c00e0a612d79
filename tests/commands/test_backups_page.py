"""What `/ha backups` shows: to which moments one can restore, what is missing, and what nobody knows."""

from dataclasses import replace
from datetime import timedelta

from commands.backups_page import BackupsView, backups_overview, backups_page
from ledger.page import Page, Table, Tone
from servers.backups.archive import ArchiveState, runs, segment_name
from servers.backups.window import restore_window
from servers.inventory import BackupPlace
from servers.inventory import BackupTool as ToolName
from servers.lsn import Lsn
from servers.state import Answer, BackupState, BaseBackup, OffsiteBackup, OffsiteState, Outcome
from tests.commands.inventory import SHOP
from tests.commands.practice_backups import ANSWERED, GIB, NOW

SIZE = 16 * 2**20
PLACED = replace(SHOP, backups=BackupPlace(ToolName.NATIVE, "/backups", "/archive"))
SILENT = Answer(Outcome.TIMED_OUT, NOW, 5.0, "no answer within 5 s")


def base(name: str, hours_ago: float, first: int) -> BaseBackup:
    ended = NOW - timedelta(hours=hours_ago)
    start, end = Lsn(first * SIZE + 40), Lsn(first * SIZE + 900)
    return BaseBackup(name, f"/backups/{name}", ended, ended, 10 * GIB, start, end, 1)


def archive(*numbers: int) -> ArchiveState:
    return ArchiveState(ANSWERED, runs((1, number, NOW - timedelta(minutes=20 - number)) for number in numbers), ())


def shown(backups: BackupState, archived: ArchiveState) -> Page:
    return backups_page(BackupsView(PLACED, backups, archived, restore_window(backups, archived)), NOW)


def listed(*backups: BaseBackup) -> BackupState:
    return BackupState(ANSWERED, backups, None, None)


def test_an_archive_without_a_gap_is_well_and_says_up_to_when() -> None:
    page = shown(listed(base("monday", 3, 3)), archive(3, 4, 5))

    assert (page.title, page.tone) == ("shop: restorable up to 15 min ago", Tone.GOOD)
    (table,) = (part for part in page.parts if isinstance(part, Table))
    assert table.rows == (("monday", "full", "3 h ago", "10.0 GB", "local", "not that is known"),)


def test_a_gap_is_named_with_its_segments() -> None:
    page = shown(listed(base("monday", 3, 3), base("noon", 1, 7)), archive(3, 4, 6, 7, 8))

    assert page.tone is Tone.WARNING
    assert "with 1 gap" in page.title
    assert segment_name(1, 5) in repr(page)


def test_what_cannot_be_seen_is_unknown_and_never_well() -> None:
    unseen = shown(BackupState(SILENT, (), None, None), archive(3))
    without_archive = shown(listed(base("monday", 3, 3)), ArchiveState(SILENT))

    assert (unseen.tone, without_archive.tone) == (Tone.UNKNOWN, Tone.UNKNOWN)
    assert "no answer within 5 s" in repr(unseen)
    assert "The WAL archive: timed out" in repr(without_archive) or "no answer within 5 s" in repr(without_archive)
    assert backups_page(BackupsView(PLACED, None, None, None), NOW).tone is Tone.UNKNOWN


def test_backups_that_no_archive_completes_are_a_catastrophe_and_say_why() -> None:
    page = shown(listed(base("monday", 3, 3)), archive(4, 5))

    assert (page.title, page.tone) == ("shop: nothing can be restored now", Tone.CRITICAL)
    assert "the archive lacks WAL that it needs" in repr(page)


def test_of_many_clusters_the_worst_sets_the_tone() -> None:
    good = listed(base("monday", 3, 3))
    views = [
        BackupsView(PLACED, good, archive(3, 4), restore_window(good, archive(3, 4))),
        BackupsView(PLACED, good, archive(4), restore_window(good, archive(4))),
        BackupsView(SHOP, None, None, None),
    ]

    page = backups_overview(views, NOW)

    assert page.tone is Tone.CRITICAL
    assert "the settings name no backups" in repr(page)


def test_what_is_off_site_is_said_of_each_backup_and_what_is_nowhere_else() -> None:
    monday = OffsiteBackup("monday", 5, ("base.tar is missing off site",))
    there = (monday, OffsiteBackup("noon", 5), OffsiteBackup("old", 5))
    here = replace(listed(base("noon", 1, 4), base("monday", 3, 3)), offsite=OffsiteState(ANSWERED, there, NOW))

    page = shown(here, archive(3, 4, 5))

    (table,) = (part for part in page.parts if isinstance(part, Table))
    assert [row[4] for row in table.rows] == ["local, off site", "local, off site, not as copied"]
    assert "Off site: 3 backups, 1 of them nowhere else" in repr(page)


def test_a_store_off_site_that_does_not_answer_is_not_known() -> None:
    page = shown(replace(listed(base("noon", 1, 4)), offsite=OffsiteState(SILENT)), archive(4, 5))

    assert "What is off site: timed out" in repr(page) or "What is off site: no answer" in repr(page)
    (table,) = (part for part in page.parts if isinstance(part, Table))
    assert [row[4] for row in table.rows] == ["local"]
