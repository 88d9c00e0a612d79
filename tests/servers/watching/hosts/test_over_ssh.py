"""The slow look over real SSH: a real host, and programs on it that print without end, hang, or print nonsense."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from servers.inventory import RequiredPort
from servers.state import Outcome
from servers.watching.hosts.facts import HostWatch, PortReply
from servers.watching.hosts.looks import HostLooks
from tests.servers.conftest import shared_pair
from tests.servers.pair import Pair, now

__all__ = ["shared_pair"]  # a fixture

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


@contextmanager
def odd_programs(pair: Pair, **texts: str) -> Iterator[None]:
    """Programs of these names, as shell scripts, that db1's host finds before its own."""
    environment = pair.lab.server("db1").environment
    directory = pair.lab.directory / "odd"
    directory.mkdir()
    for name, text in texts.items():
        program = directory / name
        program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        program.chmod(0o755)
    directory.chmod(0o755)
    usual = environment["PATH"]
    environment["PATH"] = f"{directory}:{usual}"
    try:
        yield
    finally:
        environment["PATH"] = usual
        for program in Path(directory).iterdir():
            program.unlink()
        directory.rmdir()


async def look(pair: Pair, looks: HostLooks | None = None) -> HostWatch:
    found = await (looks or HostLooks(pair.shells, now)).look(pair.cluster)
    watch = found.host("db1")
    assert watch is not None
    return watch


async def test_a_real_host_is_seen_without_any_right(shared_pair: Pair) -> None:
    port = shared_pair.cluster.server("db2").ssh.port
    cluster = replace(
        shared_pair.cluster,
        ports=(RequiredPort(port, "SSH", host="127.0.0.1"), RequiredPort(1, host="127.0.0.1")),
    )
    looks = HostLooks(shared_pair.shells, now)
    watch = (await looks.look(cluster)).host("db1")
    assert watch is not None
    assert watch.answer.ok, watch.answer
    assert watch.load.value is not None
    assert watch.load.value.cores >= 1
    assert watch.memory.value is not None
    assert 0 < watch.memory.value.available <= watch.memory.value.total
    assert watch.open_files.value is not None
    assert watch.oom_kills.value == 0
    systems = watch.file_systems.value or ()
    assert all(0 <= system.used_share <= 1 and system.full_in is None for system in systems)
    assert systems or watch.file_systems.why
    assert [one.reply for one in watch.ports[:2]] in (
        [PortReply.OPEN, PortReply.REFUSED],
        [PortReply.UNTRIED, PortReply.UNTRIED],  # none of the three programs is there
    )
    ((server, way),) = watch.ways
    assert server == "db2"
    assert way.value is None or (way.value.round_trip or 0) < 1
    assert (await looks.look(cluster)).hosts[0].swapping.value is not None


async def test_a_program_that_prints_without_end_or_nonsense_spoils_its_own_topic_alone(shared_pair: Pair) -> None:
    with odd_programs(
        shared_pair,
        tailscale="exec yes '{\"Peer\": '",
        systemctl=r"printf '<!channel>\377.service loaded failed failed x\n'",
        chronyc=r"printf 'Leap status: Normal\n@done\n@end\n@cores 99\n@clock_state 9\n'; exec cat /dev/zero",
        df=r"printf '\377\376 nonsense\n/dev/x 1 1 1 1%% /<!here>\n'; exit 3",
    ):
        watch = await look(shared_pair)
    assert watch.answer.ok, watch.answer
    assert watch.load.value is not None
    assert watch.load.value.cores < 99
    assert watch.file_systems.value is None
    assert (
        watch.file_systems.why == "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} nonsense /dev/x 1 1 1 1% /<!here>"
    )
    # As it was printed: faces show it as plain text.
    assert watch.failed_units.value == ("<!channel>\N{REPLACEMENT CHARACTER}.service",)
    assert watch.tailnet.absent
    assert watch.memory.value is not None


async def test_a_program_that_hangs_is_unknown_and_a_host_that_hangs_is_too(shared_pair: Pair) -> None:
    with odd_programs(shared_pair, systemctl="sleep 60"):
        watch = await look(shared_pair)
    assert watch.answer.ok, watch.answer
    assert watch.failed_units.value is None
    assert not watch.failed_units.absent
    assert watch.load.value is not None
    with odd_programs(shared_pair, getconf="sleep 60"):
        looks = HostLooks(shared_pair.shells, now, timeout=1.0)
        await look(shared_pair, looks)
        watch = await look(shared_pair, looks)
    assert watch.answer.outcome is Outcome.TIMED_OUT
    assert (watch.timeouts, watch.looks, watch.failures, watch.load.value) == (2, 2, 2, None)
    # And once it is well again that is seen, over the same connection.
    assert (await look(shared_pair)).answer.ok
