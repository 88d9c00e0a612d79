"""A whole answer of a host, and answers that are damaged, cut or nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.watching.hosts.facts import Array, FileSystem, Found, Load, Memory, Reboot, Stall
from servers.watching.hosts.reading import Reading, read
from servers.watching.hosts.script import BLOCKS
from tests.servers.damage import damaged
from tests.servers.watching.hosts.answers import COUNTERS, FILES, UNITS, answer, completed

KIB = 1024


def reading(text: str) -> Reading:
    found = read(completed(text))
    assert isinstance(found, Reading), found
    return found


def test_a_whole_answer() -> None:
    found = reading(answer())

    assert found.load == Found(Load(3.03, 3.35, 3.43, 4), "")
    # Huge pages are given away for good: what is available is measured against the rest.
    assert found.memory == Found(Memory(10_000_000 * KIB, 3_000_000 * KIB, 1_000_000 * KIB, 900_000 * KIB), "")
    assert found.stalls.value == (
        Stall("cpu", 0.359, 0.0),
        Stall("memory", 0.0025, 0.001),
        Stall("io", 0.125, 0.1),
    )
    assert found.arrays.value == (Array("md0", "raid1", 0),)
    assert found.failed_units.value == ("backup.service",)
    assert found.synchronised.value is True
    assert found.reboot.value == Reboot()
    assert found.open_files.value == pytest.approx(0.0)
    assert (found.drives, found.counters.oom_kills) == (Found(None, "smartctl is not installed", absent=True), 2)


def test_file_systems_of_disks_alone_with_inodes_where_they_are_counted() -> None:
    assert reading(answer()).file_systems.value == (
        FileSystem("/", 1_000_000 * KIB, 400_000 * KIB, 500_000 * KIB, 6553, 58983),
        FileSystem("/srv/more room", 2_000_000 * KIB, 1_000_000 * KIB, 800_000 * KIB),
    )


def test_a_bind_mount_is_the_same_file_system_and_one_read_only_is_none() -> None:
    files = FILES.replace("/dev/sdc1 /srv/more\\040room xfs rw", "/dev/md0 /srv/more\\040room ext4 rw")
    systems = reading(answer(files=files)).file_systems.value
    assert systems is not None
    assert [system.mount for system in systems] == ["/"]
    files = FILES.replace("/srv/more\\040room xfs rw", "/srv/more\\040room xfs ro")
    systems = reading(answer(files=files)).file_systems.value
    assert systems is not None
    assert [system.mount for system in systems] == ["/"]


def test_what_zfs_would_give_back_is_available() -> None:
    arc = f"{COUNTERS}/proc/spl/kstat/zfs/arcstats:size 4 5000000\n/proc/spl/kstat/zfs/arcstats:c_min 4 1000000\n"
    memory = reading(answer(counters=arc)).memory.value
    assert memory is not None
    assert memory.available == 3_000_000 * KIB + 4_000_000


def test_what_a_host_does_not_have_is_absent_and_what_cannot_be_read_is_unknown_with_the_reason() -> None:
    files = "grep: /proc/mdstat: No such file or directory\ngrep: /proc/pressure/cpu: Operation not supported\n"
    found = reading(
        answer(files=files, counters="", disks="df: /x: Permission denied", units="").replace("@clock_state 0", "")
    )
    assert found.arrays.absent
    assert (found.stalls.value, found.stalls.why) == (None, "/proc/pressure/cpu: Operation not supported")
    assert found.load.why == "/proc/loadavg is not in the answer"
    assert found.memory.why == "/proc/meminfo does not tell MemAvailable"
    assert found.file_systems.why == "df names no file system of a local disk"
    assert (found.failed_units.value, found.synchronised.value) == ((), None)
    assert "python3" in found.synchronised.why
    assert not found.synchronised.absent


def test_systemd_that_does_not_run_is_absent_and_one_that_refuses_is_unknown() -> None:
    text = answer().replace(f"{UNITS}\n@exit 0", "System has not been booted with systemd as init system\n@exit 1")
    assert reading(text).failed_units.absent
    text = answer().replace(f"{UNITS}\n@exit 0", "Failed to list units: Access denied\n@exit 1")
    assert reading(text).failed_units == Found(None, "Failed to list units: Access denied")
    text = answer().replace(f"{UNITS}\n@exit 0\n", UNITS)
    assert reading(text).failed_units.why == "its answer was cut, or did not come in time"


def test_a_look_that_did_not_end_says_so_and_is_nothing() -> None:
    assert read(completed(answer().replace("@done", ""))) == (
        "the look at the host did not end as it should (0): " + " ".join(answer().replace("@done", "").split())[:160]
    )
    assert read(completed("", exit_status=127, stderr="sh: not found")) == (
        "the look at the host did not end as it should (127): sh: not found"
    )


@given(damaged(answer()))
def test_a_damaged_answer_never_breaks_anything(text: str) -> None:
    assert isinstance(read(completed(text)), Reading | str)


KEYS = ("files", "counters", "disks", "inodes", "chrony", "units", "drives", "now", "kernel", "kernel_installed")


@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=80)), st.integers(-2, 300))
def test_no_output_whatever_makes_it_raise(printed: dict[str, str], status: int) -> None:
    blocks = "".join(f"@{key}\n{value}\n@exit {status}\n@end\n" for key, value in printed.items())
    lines = "".join(f"@{key} {value}\n" for key, value in printed.items() if key not in BLOCKS)
    assert isinstance(read(completed(f"{lines}{blocks}@done\n")), Reading | str)
