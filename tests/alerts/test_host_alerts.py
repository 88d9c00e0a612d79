"""Hosts: what the probes make of a slow look, and when the rules call people. A well-run host never does."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from alerts.observation import Look, Observation
from alerts.probes import PROBES
from alerts.probes.host_answers import host_answers
from alerts.probes.host_clocks import HERE, host_clocks
from alerts.probes.host_disks import host_disks
from alerts.probes.host_hardware import host_hardware
from alerts.probes.host_load import host_load
from alerts.probes.host_memory import host_memory
from alerts.probes.host_upkeep import host_upkeep
from alerts.rules import RULES
from alerts.rules.rule import Bad, Ok, Reading, Result, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from servers.state import Answer, Outcome, PeerReply, PeerTry, ServerState
from servers.watching.hosts.facts import (
    Array,
    Drive,
    FileSystem,
    Found,
    HostWatch,
    HostWatches,
    Load,
    Memory,
    PortReply,
    PortTry,
    Reboot,
    Stall,
    Swapping,
    Tailnet,
    TailnetPeer,
    Way,
)
from servers.watching.watched import Watched
from tests.alerts.looks import ANSWERED, DB1, DB2, HOST, NOW, UNREACHABLE, dark, look

GIB = 1024**3
DAY = 86_400.0
BY_NAME = {rule.name: rule for rule in RULES}
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
TIMED_OUT = Answer(Outcome.TIMED_OUT, NOW, 1.5, "no answer within 1.5 s")

# A busy host in a backup: everything is in use, and nothing is wrong.
WELL = HostWatch(
    server="db1",
    answer=ANSWERED,
    file_systems=Found((FileSystem("/", 100 * GIB, 70 * GIB, 30 * GIB, 1000, 9000, math.inf, math.inf),), ""),
    load=Found(Load(20.0, 14.0, 12.0, 8), ""),
    memory=Found(Memory(64 * GIB, 8 * GIB, 4 * GIB, 1 * GIB), ""),
    swapping=Found(Swapping(20_000.0, 400_000.0), ""),
    stalls=Found((Stall("cpu", 0.6, 0.0), Stall("memory", 0.02, 0.01), Stall("io", 0.7, 0.5)), ""),
    oom_kills=Found(0, ""),
    open_files=Found(0.1, ""),
    arrays=Found((Array("md0", "raid1", 0, activity="check 9.6%"),), ""),
    drives=Found((Drive("/dev/sda", True), Drive("/dev/vda", None, "it does not tell its health")), ""),
    reboot=Found(Reboot(("the system asks for it",), 6 * DAY), ""),
    failed_units=Found((), ""),
    synchronised=Found(True, ""),
    tailnet=Found(Tailnet("Running", 90 * DAY, (TailnetPeer("db2", online=True, active=True),)), ""),
    ports=(PortTry("db2", 8080, PortReply.OPEN, True), PortTry("db2", 22, PortReply.SILENT, False)),
    ways=(("db2", Found(Way("db2", 100, 99, 0.08), "")),),
    looks=15,
)


def with_host(host: HostWatch, seen: Look | None = None) -> Look:
    seen = seen or look()
    return replace(seen, state=replace(seen.state, watched=Watched(hosts=HostWatches(NOW, (host,)))))


def observed(seen: Look) -> tuple[Observation, ...]:
    return tuple(one for probe in PROBES for one in probe(seen))


def judged(seen: Look, rule: str) -> dict[str, Result]:
    """What the rule finds, by subject."""
    by_subject: dict[str, dict[str, Observation]] = {}
    for one in observed(seen):
        if one.name in BY_NAME[rule].observes:
            by_subject.setdefault(one.subject, {})[one.name] = one
    return {
        subject: BY_NAME[rule].judge(Reading(subject, observations, Thresholds()))
        for subject, observations in by_subject.items()
    }


def bad(seen: Look) -> Mapping[tuple[str, str], Bad]:
    """Everything that is bad, by rule and subject."""
    found = ((rule.name, subject, result) for rule in RULES for subject, result in judged(seen, rule.name).items())
    return {(rule, subject): result for rule, subject, result in found if isinstance(result, Bad)}


def test_a_well_run_host_in_a_backup_gives_no_cause_to_speak() -> None:
    assert bad(with_host(WELL)) == {}


def test_what_a_host_does_not_have_is_no_observation_and_what_is_not_known_says_why() -> None:
    nothing = HostWatch("db1", ANSWERED, arrays=Found(absent=True), drives=Found(None, "Permission denied"))
    found = {one.name: one for one in host_hardware(with_host(nothing))}
    assert found["arrays_degraded"].value == 0
    assert (found["drives_failing"].value, found["drives_failing"].evidence) == (None, ("Permission denied",))


def test_a_host_that_does_not_answer_the_slow_look_is_unknown_in_everything_and_blindness_is_told() -> None:
    seen = with_host(HostWatch("db1", TIMED_OUT, timeouts=3, looks=9, failures=2))
    probes = (host_disks, host_load, host_memory, host_hardware, host_upkeep)
    values = [one for probe in probes for one in probe(seen)]
    assert len(values) >= len(probes)
    assert all(one.value is None and one.evidence == (TIMED_OUT.how,) for one in values)
    assert bad(seen)["cannot_see", "db1 host"].severity is WARNING
    # Where the fast look does not get there either, it is told once.
    twice = HostWatch("db1", TIMED_OUT, failures=2)
    assert ("cannot_see", "db1 host") not in bad(with_host(twice, look(dark(DB1))))
    # Once is no news.
    assert bad(with_host(HostWatch("db1", TIMED_OUT, failures=1))) == {}


def system(
    used: float = 0.7, inodes: float = 0.1, full_in: float | None = math.inf, inodes_full_in: float | None = math.inf
) -> HostWatch:
    share, files = int(used * 1000), int(inodes * 1000)
    found = FileSystem("/srv", 1000, share, 1000 - share, files, 1000 - files, full_in, inodes_full_in)
    return replace(WELL, file_systems=Found((found,), ""))


def test_a_forecast_that_is_not_known_yet_resolves_nothing() -> None:
    assert judged(with_host(system(used=0.9, full_in=None)), "full_in") == {"db1 /srv": Unknown()}


def peered(peer: TailnetPeer) -> HostWatch:
    return replace(WELL, tailnet=Found(Tailnet("Running", None, (peer,)), ""))


def tried(port: PortTry) -> HostWatch:
    return replace(WELL, ports=(port,))


HOUR = 3600.0


@pytest.mark.parametrize(
    ("host", "rule", "subject", "severity"),
    [
        (system(used=0.91), "host_disk", "db1 /srv", WARNING),
        (system(used=0.98), "host_disk", "db1 /srv", CRITICAL),
        (system(inodes=0.9), "inodes", "db1 /srv", WARNING),
        (system(used=0.65, full_in=20 * HOUR), "full_in", "db1 /srv", WARNING),
        (system(used=0.65, full_in=2 * HOUR), "full_in", "db1 /srv", WARNING),
        (system(used=0.85, full_in=2 * HOUR), "full_in", "db1 /srv", CRITICAL),
        (system(inodes=0.82, inodes_full_in=2 * HOUR), "full_in", "db1 /srv", CRITICAL),
        (replace(WELL, load=Found(Load(40.0, 36.0, 34.0, 8), "")), "load", "db1", WARNING),
        (replace(WELL, memory=Found(Memory(100, 3, 0, 0), "")), "memory", "db1", WARNING),
        (replace(WELL, swapping=Found(Swapping(3e6, 0.0), "")), "swapping", "db1", WARNING),
        (replace(WELL, oom_kills=Found(1, "")), "out_of_memory", "db1", WARNING),
        (replace(WELL, open_files=Found(0.85, "")), "file_handles", "db1", WARNING),
        (replace(WELL, stalls=Found((Stall("cpu", 0.95, 0.0),), "")), "cpu_pressure", "db1", WARNING),
        (replace(WELL, stalls=Found((Stall("io", 0.9, 0.8),), "")), "io_pressure", "db1", WARNING),
        (replace(WELL, stalls=Found((Stall("memory", 0.3, 0.2),), "")), "memory_pressure", "db1", WARNING),
        (replace(WELL, arrays=Found((Array("md0", "raid1", 1, ("sdb1",)),), "")), "raid", "db1", WARNING),
        (replace(WELL, drives=Found((Drive("/dev/sda", False),), "")), "drives", "db1", WARNING),
        (replace(WELL, reboot=Found(Reboot(("kernel",), 22 * DAY), "")), "reboot", "db1", WARNING),
        (replace(WELL, failed_units=Found(("backup.service",), "")), "failed_units", "db1", WARNING),
        (replace(WELL, synchronised=Found(False, "")), "clock_unsynchronised", "db1", WARNING),
        (replace(WELL, timeouts=5), "host_timeouts", "db1", WARNING),
        (replace(WELL, tailnet=Found(Tailnet("Stopped", None, ()), "")), "tailnet", "db1", WARNING),
        (replace(WELL, tailnet=Found(Tailnet("Running", 3 * DAY, ()), "")), "tailnet_key", "db1", WARNING),
        (replace(WELL, tailnet=Found(Tailnet("Running", DAY, ()), "")), "tailnet_key", "db1", CRITICAL),
        (peered(TailnetPeer("db2", online=False, active=False)), "tailnet_peer", "db1 to db2", WARNING),
        (peered(TailnetPeer("db2", online=True, active=True, relay="fra")), "tailnet_relayed", "db1 to db2", WARNING),
        (tried(PortTry("db2", 8080, PortReply.REFUSED, True)), "port", "db1 to db2 port 8080", WARNING),
        (tried(PortTry("db2", 22, PortReply.SILENT, False, was_open=True)), "port", "db1 to db2 port 22", WARNING),
        (replace(WELL, ways=(("db2", Found(Way("db2", 100, 90, 0.001), "")),)), "packet_loss", "db1 to db2", WARNING),
        (replace(WELL, ways=(("db2", Found(Way("db2", 100, 100, 0.4), "")),)), "round_trip", "db1 to db2", WARNING),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_is_one_alert_and_nothing_else(
    host: HostWatch, rule: str, subject: str, severity: Severity
) -> None:
    found = bad(with_host(host))
    assert {key: result.severity for key, result in found.items()} == {(rule, subject): severity}
    (result,) = found.values()
    assert result.value
    assert result.threshold


def test_a_relay_that_nothing_goes_through_and_a_port_that_was_never_open_are_unknown() -> None:
    idle = TailnetPeer("db2", online=True, active=False, relay="fra")
    assert bad(with_host(peered(idle))) == {}
    assert bad(with_host(tried(PortTry("db2", 22, PortReply.REFUSED, False)))) == {}


def test_a_port_of_a_server_that_is_dark_itself_is_unknown() -> None:
    closed = replace(WELL, ports=(PortTry("db2", 8080, PortReply.SILENT, True),))
    assert ("port", "db1 to db2 port 8080") not in bad(with_host(closed, look(db2=dark(DB2))))


def test_a_disk_that_the_fast_look_watches_is_told_once() -> None:
    full = FileSystem("/data", 1000, 950, 50, 1, 9, math.inf, math.inf)
    found = judged(with_host(replace(WELL, file_systems=Found((full,), ""))), "host_disk")
    assert found == {"db1 /data": Ok("watched as PostgreSQL's")}


def test_slack_markup_in_a_mount_point_stays_what_it_is() -> None:
    mount = "/srv/<!channel> *x* <https://evil.example|ok>"
    full = FileSystem(mount, 1000, 950, 50, 1, 9, math.inf, math.inf)
    (result,) = bad(with_host(replace(WELL, file_systems=Found((full,), "")))).items()
    assert result[0] == ("host_disk", f"db1 {mount}")
    assert mount in result[1].evidence[0]


def clocked(offset: float | None, server: ServerState = DB1) -> ServerState:
    return replace(server, host=replace(HOST, clock_offset_seconds=offset))


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        (0.1, -0.2, set()),
        (5.0, 0.01, {"db1"}),
        (0.02, -7.0, {"db2"}),
        # Both agree: it is ours.
        (-5.0, -5.1, {HERE}),
        # One alone to compare with: nobody can say which of the two.
        (5.0, None, {"db1"}),
        (None, None, set()),
    ],
)
def test_of_three_clocks_the_odd_one_is_wrong(first: float | None, second: float | None, wrong: set[str]) -> None:
    seen = look(clocked(first), clocked(second, DB2))
    assert {subject for subject, result in judged(seen, "clock").items() if isinstance(result, Bad)} == wrong
    assert all(one.value is None or one.value >= 0 for one in host_clocks(seen))


DENIED = Answer(Outcome.DENIED, NOW, 0.1)


def silent(server: ServerState) -> ServerState:
    return replace(server, sql=None, sql_answer=TIMED_OUT, host=None, ssh_answer=UNREACHABLE)


def trying(server: ServerState, peer: str, reply: PeerReply) -> ServerState:
    assert server.host is not None
    return replace(server, host=replace(server.host, peers=(PeerTry(peer, reply),)))


@pytest.mark.parametrize(
    ("db1", "db2", "expected"),
    [
        (trying(DB1, "db2", PeerReply.ACCEPTING), DB2, True),
        # Refused is an answer of the host.
        (DB1, replace(silent(DB2), sql_answer=Answer(Outcome.REFUSED, NOW, 0.1)), True),
        (trying(DB1, "db2", PeerReply.ACCEPTING), silent(DB2), True),
        (trying(DB1, "db2", PeerReply.NO_RESPONSE), silent(DB2), False),
        # Nobody else has tried: it may be our own way that is broken.
        (DB1, silent(DB2), None),
        (silent(DB1), silent(DB2), None),
        (trying(DB1, "db2", PeerReply.NO_RESPONSE), replace(silent(DB2), ssh_answer=DENIED), None),
    ],
)
def test_a_host_is_down_only_where_two_viewpoints_see_nothing(
    db1: ServerState, db2: ServerState, expected: bool | None
) -> None:
    found = {one.subject: one.value for one in host_answers(look(db1, db2)) if one.name == "host_answers"}
    assert found["db2"] == (None if expected is None else float(expected))
