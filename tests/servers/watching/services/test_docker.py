"""Containers as `docker inspect` prints them, and over real SSH with a stand-in for the program."""

import json
from typing import Any

import pytest

from servers.errors import ServerUnreachable
from servers.watching.services.docker_containers import (
    RESTARTS,
    WINDOW,
    DockerContainers,
    DockerPlace,
    Restarts,
    container_up,
    read_containers,
)
from servers.watching.services.view import UP
from tests.servers.conftest import shared_pair
from tests.servers.pair import Pair
from tests.servers.watching.hosts.test_over_ssh import odd_programs

__all__ = ["shared_pair"]  # a fixture


def container(name: str = "web", **more: Any) -> dict[str, Any]:
    usual = {"id": "4c01db0b339c", "restarts": 0, "status": "running", "exit": 0, "oom": False, "error": ""}
    return {"name": f"/{name}", **usual, "health": "", **more}


@pytest.mark.parametrize(
    ("seen", "up", "said"),
    [
        (container(), 1.0, "running"),
        (container(health="healthy"), 1.0, "running, healthy"),
        (container(health="starting"), 1.0, "running, starting"),
        (container(health="unhealthy"), 0.0, "running, unhealthy"),
        (container(status="exited", exit=137, oom=True), 0.0, "exited, exit status 137, killed for want of memory"),
        (container(status="restarting", exit=1), 0.0, "restarting, exit status 1"),
        (container(status="paused"), 0.0, "paused"),
        (container(status="created", error="port is already allocated"), 0.0, "created: port is already allocated"),
    ],
)
def test_what_a_state_means(seen: dict[str, Any], up: float, said: str) -> None:
    measure = container_up("web", seen)
    assert (measure.value, measure.evidence) == (up, (said,))


def test_what_is_no_container_is_left_out() -> None:
    text = f"{json.dumps(container())}\nWARNING: Error loading config file\n[1]\n{{\n"
    assert list(read_containers(text)) == ["web"]


def test_restarts_are_counted_within_a_quarter_of_an_hour_and_anew_with_a_new_container() -> None:
    memory = Restarts()
    assert memory.within("a", 7, 0.0) == 0
    assert memory.within("a", 9, 60.0) == 2
    assert memory.within("a", 9, 60.0 + WINDOW) == 0
    assert memory.within("b", 3, 120.0 + WINDOW) == 0
    assert memory.within("b", 4, 180.0 + WINDOW) == 1
    assert memory.within("b", 0, 240.0 + WINDOW) == 0


@pytest.mark.lab
@pytest.mark.asyncio(loop_scope="module")
async def test_docker_is_asked_over_ssh(shared_pair: Pair) -> None:
    ssh = shared_pair.cluster.server("db1").ssh
    watched = DockerContainers(DockerPlace(ssh, ("web", "gone")), shared_pair.shells)
    rows = json.dumps(container(health="healthy"))
    missing = "Error response from daemon: No such container: gone"
    with odd_programs(shared_pair, docker=f"cat <<'EOF'\n{rows}\nEOF\necho '{missing}' >&2\nexit 1"):
        measures = (await watched.look(5)).measures
    assert [(one.name, one.part, one.value) for one in measures] == [
        (UP, "web", 1.0),
        (RESTARTS, "web", 0.0),
        (UP, "gone", 0.0),
    ]
    daemon = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    refusing = odd_programs(shared_pair, docker=f"echo '{daemon}' >&2; exit 1")
    with refusing, pytest.raises(ServerUnreachable, match="Is the docker daemon running"):
        await watched.look(5)
