"""A look into a stopped container, from another one: it counts only if the container stayed down."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import Server, Service, ServiceKind
from servers.ssh import Completed, Shells
from tests.commands.inventory import server

DB1 = replace(server("db1"), service=Service(ServiceKind.DOCKER, "/data", container="db1"))
DOWN = "Error response from daemon: container db1 is not running"


class Docker:
    """Answers as Docker does for a container that is down; `after`: whether it still is after the look."""

    def __init__(self, after: str) -> None:
        self.after = after

    async def run(self, _server: Server, argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Completed:
        code, out, error = {
            ("exec", "-i"): (1, "", DOWN),
            ("inspect", "--format"): (0, self.after if "Running" in argv[3] else "postgres:18", ""),
            ("run", "--rm"): (0, "seen", ""),
        }[(argv[1], argv[2])]
        return Completed(tuple(argv), code, out, error, 0.01)


async def look(after: str) -> str:
    return (await run_inside(cast(Shells, Docker(after)), DB1, ("sh", "-c", "look"), timeout=5.0)).stdout


async def test_a_container_that_stays_down_is_seen_from_another() -> None:
    assert await look("false\n") == "seen"


@pytest.mark.parametrize("after", ["true\n", "", "no such container"])
async def test_what_was_seen_of_one_that_was_started_meanwhile_does_not_count(after: str) -> None:
    with pytest.raises(ServerUnreachable, match="was started while it was looked at"):
        await look(after)
