"""SSH connections that close in the middle: what was sent may have been done, and is neither assumed nor sent again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from servers.errors import ServerUnreachable
from servers.inventory import SshTarget
from servers.ssh import Shells
from servers.state import Outcome

PATIENCE = 20.0


@dataclass
class Host:
    """An SSH server that notes what it was asked to run, and closes the connection at a command that says so."""

    target: SshTarget
    ran: list[str] = field(default_factory=list)


class Session(asyncssh.SSHServerSession[str]):
    def __init__(self, host: Host, connection: asyncssh.SSHServerConnection) -> None:
        self._host, self._connection = host, connection

    def connection_made(self, chan: asyncssh.SSHServerChannel[str]) -> None:
        self._channel = chan

    def exec_requested(self, command: str) -> bool:
        self._host.ran.append(command)
        if command == "close-before-it-is-accepted":
            self._connection.abort()
        return True

    def session_started(self) -> None:
        if self._host.ran[-1] == "close-before-its-end":
            self._connection.abort()
        else:
            self._channel.exit(0)


class Doorman(asyncssh.SSHServer):
    def __init__(self, host: Host) -> None:
        self._host = host

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        return False

    def session_requested(self) -> Session:
        return Session(self._host, self._connection)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    known_hosts = tmp_path / "known_hosts"
    host = Host(SshTarget("127.0.0.1", 0, "postgres", None, known_hosts))
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], server_factory=lambda: Doorman(host))
    port = server.get_port()
    known_hosts.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    host.target = SshTarget("127.0.0.1", port, "postgres", None, known_hosts)
    yield host
    server.close()
    await server.wait_closed()


@pytest.fixture
async def shells() -> AsyncIterator[Shells]:
    shells = Shells()
    yield shells
    await shells.close()


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("moment", ["close-before-it-is-accepted", "close-before-its-end"])
async def test_what_was_sent_may_have_been_done_and_is_not_sent_again(
    host: Host, shells: Shells, moment: str, *, kept: bool
) -> None:
    if kept:
        assert (await shells.run(host.target, ("true",), timeout=PATIENCE)).ok
    with pytest.raises(ServerUnreachable) as caught:
        await shells.run(host.target, (moment,), timeout=PATIENCE)
    assert caught.value.sent
    assert caught.value.outcome is Outcome.UNREACHABLE
    assert caught.value.detail.endswith("(after the command was sent)")
    assert host.ran.count(moment) == 1
    assert (await shells.run(host.target, ("true",), timeout=PATIENCE)).ok


async def test_what_was_never_sent_was_not_done(host: Host, shells: Shells) -> None:
    target = SshTarget("127.0.0.1", 9, "postgres", None, host.target.known_hosts)
    with pytest.raises(ServerUnreachable) as caught:
        await shells.run(target, ("true",), timeout=PATIENCE)
    assert not caught.value.sent


async def test_a_kept_connection_that_is_gone_before_anything_was_sent_is_replaced(host: Host, shells: Shells) -> None:
    with pytest.raises(ServerUnreachable):
        await shells.run(host.target, ("close-before-its-end",), timeout=PATIENCE)
    answers = await asyncio.gather(*(shells.run(host.target, ("true",), timeout=PATIENCE) for _ in range(3)))
    assert [answer.ok for answer in answers] == [True] * 3
