"""One SSH server per practice server: real SSH, key authentication only, commands run as real processes."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from lab.accounts import Account
from lab.ports import stop_listening
from lab.ssh_session import CommandSession

MAXIMUM_SESSIONS = 10  # OpenSSH's default MaxSessions


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command on a practice server finds: the account it runs as, its directory and its environment."""

    account: Account
    directory: Path
    environment: Mapping[str, str]


class SshServer:
    """An SSH server behind `door`, a bound socket. It lets `user` in with one public key, and nobody else."""

    def __init__(
        self,
        *,
        door: socket.socket,
        host_key: asyncssh.SSHKey,
        user: str,
        authorised_key: asyncssh.SSHKey,
        surroundings: Surroundings,
    ) -> None:
        self._door = door
        self._host_key = host_key
        self._user = user
        self._authorised_key = authorised_key
        self._surroundings = surroundings
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._gates: set[_Gate] = set()

    @property
    def public_host_key(self) -> str:
        """Its host key as known_hosts wants it."""
        return self._host_key.export_public_key().decode().strip()

    @property
    def running(self) -> bool:
        return self._acceptor is not None

    async def start(self) -> None:
        """Listen; nothing happens when it already does."""
        if self._acceptor is None:
            self._acceptor = await asyncssh.listen(
                sock=self._door.dup(),
                server_factory=lambda: _Gate(self._user, self._authorised_key, self._surroundings, self._gates),
                server_host_keys=[self._host_key],
                encoding=None,
                line_editor=False,
                allow_pty=False,
                agent_forwarding=False,
                compression_algs=["none"],
                gss_host=None,
            )

    async def stop(self) -> None:
        """Stop to listen, drop every connection and kill what ran in them, as the end of the host's sshd would."""
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is None:
            return
        acceptor.close()
        stop_listening(self._door)
        for gate in tuple(self._gates):
            gate.abort()
        async with asyncio.timeout(5):
            await acceptor.wait_closed()


class _Gate(asyncssh.SSHServer):
    """Who may come in, and how many sessions a connection may hold at once."""

    def __init__(
        self, user: str, authorised_key: asyncssh.SSHKey, surroundings: Surroundings, gates: "set[_Gate]"
    ) -> None:
        self._user = user
        self._authorised = authorised_key.public_data
        self._surroundings = surroundings
        self._gates = gates
        self._connection: asyncssh.SSHServerConnection | None = None
        self._sessions: set[CommandSession] = set()

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._gates.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gates.discard(self)
        for session in tuple(self._sessions):
            session.kill()

    def abort(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.abort()

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._user and key.public_data == self._authorised

    def session_requested(self) -> CommandSession | bool:
        if len(self._sessions) >= MAXIMUM_SESSIONS:
            return False
        session = CommandSession(
            self._surroundings.account,
            self._surroundings.directory,
            self._surroundings.environment,
            on_end=self._sessions.discard,
        )
        self._sessions.add(session)
        return session
