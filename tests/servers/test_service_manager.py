"""Services over real SSH: stand-ins speak the real command lines of systemctl and docker compose, and refuse others."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from servers.engines.engine import ActionFailed
from servers.managed_service import ManagedService, ManagerKind
from servers.service_manager import ServiceManagers
from tests.servers.pair import Pair, practice_pair

pytestmark = pytest.mark.lab

_SUDO = """#!/bin/sh
[ "$1" = -n ] || exit 99
shift
exec "$@"
"""
# `since` counts the starts; `broken` makes the next start fail.
_SYSTEMCTL = """#!/bin/sh
cd '{place}' || exit 1
case "$*" in
  "show --property=ActiveState,SubState,LoadState,ActiveEnterTimestampMonotonic -- pooler.service")
    echo LoadState=loaded; echo "ActiveState=$(cat state)"; echo SubState=running
    echo "ActiveEnterTimestampMonotonic=$(cat since)" ;;
  "show "*) echo LoadState=not-found; echo ActiveState=inactive; echo SubState=dead ;;
  "restart -- pooler.service")
    if [ -e broken ]; then echo failed > state; echo "Job for pooler.service failed." >&2; exit 1; fi
    echo active > state; echo $(($(cat since) + 1)) > since ;;
  *) exit 99 ;;
esac
"""
_JOURNALCTL = """#!/bin/sh
[ "$*" = "--no-pager -o cat -n 20 -u pooler.service" ] || exit 99
echo "pooler: cannot bind port 6432"
"""
_DOCKER = """#!/bin/sh
cd '{place}' || exit 1
case "$*" in
  "compose --project-directory /srv/shop ps --all --format json api")
    printf '%s\\n' '{{"ID":"c0ffee","Service":"api","State":"running","Health":"'"$(cat health)"'"}}' ;;
  "compose --project-directory /srv/shop restart api") echo $(($(cat since) + 1)) > since ;;
  "compose --project-directory /srv/shop logs --no-color --no-log-prefix --tail 20 api")
    echo "api: migrations pending" ;;
  "inspect --format {{{{.State.StartedAt}}}} c0ffee") cat since ;;
  *) exit 99 ;;
esac
"""


@dataclass
class Stand:
    """The managers on db1's host, with what they keep."""

    place: Path
    hands: ServiceManagers
    unit: ManagedService
    container: ManagedService

    def put(self, name: str, value: str) -> None:
        (self.place / name).write_text(f"{value}\n")


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with practice_pair() as pair:
        yield _stand(pair)


def _stand(pair: Pair) -> Stand:
    server = pair.lab.server("db1")
    place = pair.lab.account.directory(server.paths.root / "services")
    for program, text in (
        ("sudo", _SUDO),
        ("systemctl", _SYSTEMCTL.format(place=place)),
        ("journalctl", _JOURNALCTL),
        ("docker", _DOCKER.format(place=place)),
    ):
        pair.lab.account.write(place / program, text, 0o700)
    for name, value in (("state", "active"), ("since", "1"), ("health", "healthy")):
        pair.lab.account.write(place / name, f"{value}\n", 0o600)
    server.environment["PATH"] = f"{place}:{server.environment['PATH']}"
    ssh = pair.cluster.server("db1").ssh
    unit = ManagedService(
        "pooler", "db1", ssh, ManagerKind.SYSTEMD, unit="pooler.service", use_sudo=True, ready_within=3.0
    )
    container = replace(unit, name="api", kind=ManagerKind.COMPOSE, unit="", directory="/srv/shop", service="api")
    return Stand(place, ServiceManagers(pair.shells), unit, container)


async def test_a_unit_is_restarted_and_found_healthy(stand: Stand) -> None:
    before = await stand.hands.look(stand.unit)
    assert (before.running, before.state, before.since) == (True, "active (running)", "1")
    await stand.hands.restart(stand.unit, timeout=10.0)
    assert await stand.hands.wait_healthy(stand.unit, before.since) == "active (running)"
    assert (await stand.hands.look(stand.unit)).since == "2"


async def test_a_unit_that_does_not_come_up_is_told_with_its_log(stand: Stand) -> None:
    stand.put("broken", "")
    with pytest.raises(ActionFailed, match=r"systemctl failed on db1: Job for pooler\.service failed") as caught:
        await stand.hands.restart(stand.unit, timeout=10.0)
    assert caught.value.exit_status == 1
    assert not (await stand.hands.look(stand.unit)).running
    assert await stand.hands.log(stand.unit) == "pooler: cannot bind port 6432"
    with pytest.raises(ActionFailed, match="knows no unit other"):
        await stand.hands.look(replace(stand.unit, unit="other.service"))


async def test_a_container_counts_once_its_own_health_check_passes(stand: Stand) -> None:
    stand.put("health", "starting")
    before = await stand.hands.look(stand.container)
    assert (before.running, before.state) == (False, "running, starting")
    await stand.hands.restart(stand.container, timeout=10.0)
    with pytest.raises(ActionFailed, match=r"api is not healthy after 0\.5 s: it is running, starting"):
        await stand.hands.wait_healthy(replace(stand.container, ready_within=0.5), before.since)
    assert await stand.hands.log(stand.container) == "api: migrations pending"
    stand.put("health", "healthy")
    assert await stand.hands.wait_healthy(stand.container, before.since) == "running, healthy"


async def test_what_was_not_restarted_is_not_taken_for_healthy(stand: Stand) -> None:
    with pytest.raises(ActionFailed, match="it was not restarted"):
        await stand.hands.wait_healthy(replace(stand.unit, ready_within=0.3), "1")


async def test_port_and_url_are_tried(stand: Stand) -> None:
    answers = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop(0))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    at_home = replace(stand.unit, ssh=replace(stand.unit.ssh, host="127.0.0.1"))
    by_url = replace(at_home, url=f"http://127.0.0.1:{port}/health")
    assert await stand.hands.unhealthy(by_url) == f"http://127.0.0.1:{port}/health answers 503"
    assert await stand.hands.unhealthy(by_url) is None
    server.close()
    await server.wait_closed()
    assert await stand.hands.unhealthy(replace(at_home, port=port)) == f"port {port} takes no connection"
    assert "does not answer: Client" in str(await stand.hands.unhealthy(by_url))


async def test_an_older_compose_prints_one_array(stand: Stand) -> None:
    text = json.dumps([{"ID": "c0ffee", "Service": "api", "State": "exited"}])
    script = (stand.place / "docker").read_text().replace("printf '%s\\n' '{", f"echo '{text}'; exit 0; : '{{")
    (stand.place / "docker").write_text(script)
    assert (await stand.hands.look(stand.container)).state == "exited"
