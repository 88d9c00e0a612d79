"""Which backup of the store serves, and which WAL recovery from it may need."""

from datetime import UTC, datetime

import pytest

from servers.backups.offsite.from_store import needed_wal, newest_usable
from servers.engines.engine import ActionFailed
from servers.lsn import Lsn
from servers.state import OffsiteBackup

OLD, NEW = OffsiteBackup("20260130T031200Z", 1), OffsiteBackup("20260131T031200Z", 1)
BROKEN = OffsiteBackup("20260201T031200Z", 1, ("base.tar has another checksum",))
MIB = 2**20


def test_the_newest_that_is_as_it_was_copied_serves() -> None:
    assert newest_usable([NEW, BROKEN, OLD], None) == NEW


def test_a_moment_is_served_by_one_that_began_before_it() -> None:
    assert newest_usable([NEW, OLD], datetime(2026, 1, 31, 3, tzinfo=UTC)) == OLD
    with pytest.raises(ActionFailed, match="the oldest is 20260130T031200Z"):
        newest_usable([NEW, OLD], datetime(2026, 1, 1, tzinfo=UTC))


def test_none_that_is_whole_is_said() -> None:
    with pytest.raises(ActionFailed, match="no backup off site"):
        newest_usable([], None)
    with pytest.raises(ActionFailed, match="another checksum"):
        newest_usable([BROKEN], None)


def test_history_and_every_segment_from_the_start_on_are_needed() -> None:
    low = [f"0000000100000000000000{number:02X}.zst" for number in (1, 0xFE, 0xFF)]
    names = [*low, "000000020000000100000000.zst", "00000002.history"]
    begin = Lsn(0xFE * 16 * MIB + 40)
    assert needed_wal(names, begin) == ("0" * 7 + "1" + "00000000" + "000000FE.zst", low[2], names[4], names[3])


def test_where_segments_may_be_large_none_is_left_out() -> None:
    names = ["000000010000000000000001", "000000010000000000000002"]  # 64 MiB each, as far as one can tell
    assert needed_wal(names, Lsn(2 * 64 * MIB)) == tuple(names)
