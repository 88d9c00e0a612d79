"""What several looks tell together: rates, kills within the hour, when a disk is full."""

from dataclasses import replace

import pytest

from servers.watching.hosts.facts import Drive, FileSystem, Found, Swapping
from servers.watching.hosts.memory import HostMemory
from servers.watching.hosts.reading import Counters, Reading, read
from tests.servers.watching.hosts.answers import answer, completed

KIB = 1024


def counted(swap_in: int | None = 100, swap_out: int | None = 200, oom_kills: int | None = 2) -> Reading:
    reading = read(completed(answer()))
    assert isinstance(reading, Reading)
    return replace(reading, counters=Counters(swap_in, swap_out, oom_kills, 4096))


def test_swapping_takes_two_looks() -> None:
    memory = HostMemory()
    assert memory.swapping_and_kills(counted(), 0.0)[0].value is None
    assert memory.swapping_and_kills(counted(160, 260), 60.0)[0].value == Swapping(4096.0, 4096.0)
    # The host was started anew.
    assert memory.swapping_and_kills(counted(5, 5), 120.0)[0].value is None
    assert "vmstat" in memory.swapping_and_kills(counted(None, None), 180.0)[0].why


def test_kills_are_told_for_an_hour_and_those_before_the_first_look_never() -> None:
    memory = HostMemory()
    kills = [
        memory.swapping_and_kills(counted(oom_kills=count), at)[1].value
        for at, count in (
            (0.0, 7),
            (60.0, 7),
            (120.0, 9),
            (600.0, 10),
            (3719.0, 10),
            (3721.0, 10),
            (9000.0, 10),
            (9060.0, 0),
        )
    ]
    assert kills == [0, 0, 2, 3, 3, 1, 0, 0]
    assert memory.swapping_and_kills(counted(oom_kills=None), 9120.0)[1].value is None


def system(used: int, size: int = 1000) -> FileSystem:
    return FileSystem("/data", size, used, size - used, 10, 90)


def test_a_disk_that_fills_is_foretold_and_one_that_was_grown_begins_anew() -> None:
    memory = HostMemory()
    for minute in range(16):
        (seen,) = memory.with_forecasts((system(600 + 10 * minute),), minute * 60.0)
    assert seen.full_in == pytest.approx(25 * 60.0)
    (seen,) = memory.with_forecasts((system(760, 2000),), 16 * 60.0)
    assert seen.full_in is None


def test_smart_is_asked_for_once_an_hour_and_kept_meanwhile() -> None:
    memory = HostMemory()
    found: Found[tuple[Drive, ...]] = Found((Drive("/dev/sda", True),), "")
    assert memory.wants_drives(0.0)
    assert memory.keep_drives(found, 0.0) == found
    assert not memory.wants_drives(3599.0)
    assert memory.keep_drives(None, 60.0) == found
    assert memory.wants_drives(3600.0)
