"""What a server's host says, taken from what the script prints."""

import pytest
from hypothesis import given

from servers.errors import ServerUnreachable
from servers.host_facts import host_facts
from servers.lsn import Lsn
from servers.ssh import Completed
from servers.state import DiskUse, HostFacts, Outcome, PeerReply
from servers.timelines import Stretch
from tests.servers.control_data_text import control_data_text
from tests.servers.damage import damaged

DISKS = """\
Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/sda1          1000000   400000    500000      45% /
/dev/mapper/my data  2000000  1000000    800000      56% /srv/more room
"""

WHOLE = f"""\
@date 1000.250000000
@postmaster 4711 S
@standby_signal
@load 0.10 0.20 0.30 1/100 4712
@control
{control_data_text("in archive recovery")}@peer 0 0 accepting connections
@end
@disks
{DISKS}@end
@peer self 1 rejecting connections
@done 1000.270000000
"""


def completed(stdout: str, *, exit_status: int = 0, stderr: str = "", seconds: float = 0.040) -> Completed:
    return Completed(("sh",), exit_status, stdout, stderr, seconds)


def facts(stdout: str, *, seconds: float = 0.040, paths: tuple[str, ...] = ("/data", "/srv")) -> HostFacts:
    return host_facts(completed(stdout, seconds=seconds), "db2", ("db1",), paths, sent_at=1000.0)


def test_a_whole_answer() -> None:
    found = facts(WHOLE)

    assert found.postmaster_pid == 4711
    assert not found.postmaster_stopped
    assert found.standby_signal
    assert found.control is not None
    assert (found.control.state, found.control.timeline) == ("in archive recovery", 1)
    assert found.load == (0.1, 0.2, 0.3)


def test_the_newest_timeline_history_is_read() -> None:
    assert facts(WHOLE).timeline_history == ()
    text = WHOLE.replace(
        "@standby_signal", "@history_file 00000003.history\n@history\n1\t0/5000028\tno reason\n2\t0/6000000\tx\n@end"
    )
    assert facts(text).timeline_history == (
        Stretch(1, Lsn(0), Lsn(0x5000028)),
        Stretch(2, Lsn(0x5000028), Lsn(0x6000000)),
        Stretch(3, Lsn(0x6000000), None),
    )


def test_disks_are_in_bytes_and_named_by_the_paths_that_were_asked_for() -> None:
    assert facts(WHOLE).disks == (
        DiskUse("/data", "/", 1024000000, 409600000, 512000000),
        DiskUse("/srv", "/srv/more room", 2048000000, 1024000000, 819200000),
    )


def test_a_path_that_is_not_there_does_not_hide_the_others() -> None:
    disks = facts(WHOLE, paths=("/data", "/nowhere", "/srv")).disks

    assert [disk.path for disk in disks] == ["/", "/srv/more room"]


def test_paths_on_one_file_system_are_one_disk() -> None:
    row = "/dev/sda1 10 4 5 45% /"

    disks = facts(WHOLE.replace(DISKS, f"{row}\n{row}\n")).disks

    assert [disk.path for disk in disks] == ["/data"]


def test_the_clock_offset_allows_for_half_the_time_on_the_way() -> None:
    """40 ms in all, 20 ms of them in the script, so 10 ms until it began: 0.25 s ahead less 10 ms."""
    assert facts(WHOLE).clock_offset_seconds == pytest.approx(0.240)


def test_a_clock_without_fractions_gives_no_offset() -> None:
    assert facts(WHOLE.replace("1000.250000000", "1000.%N")).clock_offset_seconds is None


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("@peer 0 0 accepting connections", PeerReply.ACCEPTING),
        ("@peer 0 1 rejecting connections", PeerReply.REJECTING),
        ("@peer 0 2 no response", PeerReply.NO_RESPONSE),
        ("@peer 0 124 ", PeerReply.NO_RESPONSE),
        ("@peer 0 127 ", PeerReply.NOT_TRIED),
        ("@peer 0 1 ", PeerReply.NOT_TRIED),
        ("@peer 0 3 no attempt", PeerReply.NOT_TRIED),
        ("", PeerReply.NOT_TRIED),
    ],
)
def test_a_try_of_a_peer_is_what_pg_isready_said(line: str, reply: PeerReply) -> None:
    assert facts(WHOLE.replace("@peer 0 0 accepting connections", line)).peer("db1") is reply


def test_a_server_tries_itself_too() -> None:
    assert facts(WHOLE).peer("db2") is PeerReply.REJECTING


@pytest.mark.parametrize("state", ["T", "t", "D"])
def test_a_stopped_postmaster_is_told_from_a_dead_one(state: str) -> None:
    found = facts(WHOLE.replace("@postmaster 4711 S", f"@postmaster 4711 {state}"))

    assert (found.postmaster_pid, found.postmaster_stopped) == (4711, True)


def test_no_postmaster() -> None:
    found = facts(WHOLE.replace("@postmaster 4711 S", "@postmaster  "))

    assert (found.postmaster_pid, found.postmaster_stopped) == (None, False)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (completed("@date 1\n@denied /data cannot be read by nobody\n@done 1\n"), Outcome.DENIED),
        (completed("@date 1\n@error no such directory: /data\n@done 1\n"), Outcome.FAILED),
        (completed(WHOLE.replace("@done", "")), Outcome.FAILED),
        (completed("", exit_status=127, stderr="sh: not found"), Outcome.FAILED),
        (completed(WHOLE.replace("4711 S", "one S")), Outcome.FAILED),
        (completed(WHOLE.replace("Latest checkpoint location", "Something else")), Outcome.FAILED),
    ],
)
def test_what_cannot_be_seen_is_said(answer: Completed, outcome: Outcome) -> None:
    """Never mistaken for a dead postmaster."""
    with pytest.raises(ServerUnreachable) as caught:
        host_facts(answer, "db2", ("db1",), ("/data",), sent_at=0.0)

    assert caught.value.outcome is outcome


@given(damaged(WHOLE))
def test_a_damaged_answer_is_refused_or_read_and_never_breaks_anything(text: str) -> None:
    try:
        found = facts(text)
    except ServerUnreachable:
        return
    assert isinstance(found, HostFacts)
