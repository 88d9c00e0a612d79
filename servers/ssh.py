"""Commands on servers, over one kept SSH connection each."""

import asyncio
import contextlib
import logging
import shlex
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import asyncssh

from servers.errors import ServerUnreachable
from servers.inventory import Server, SshTarget
from servers.ssh_session import CollectingSession, Output
from servers.state import Outcome

SESSIONS_PER_CONNECTION = 8  # OpenSSH's MaxSessions is 10 by default
CONNECT_TIMEOUT = 5.0
# A handshake is mostly arithmetic, and that holds up everything else: a hundred at once would for seconds.
HANDSHAKES_AT_ONCE = 6
# Both ends have AES in hardware; asyncssh's first choice, ChaCha20, costs several times as much here.
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
    "chacha20-poly1305@openssh.com",
)
KEEPALIVE_SECONDS = 3.0
KEEPALIVE_COUNT = 2
FIRST_PAUSE = 0.25  # after a failed attempt; doubled for each one that follows
LONGEST_PAUSE = 2.0
LONGEST_PAUSE_DENIED = 30.0  # hosts ban those who knock with a wrong key again and again

Channel = asyncssh.SSHClientChannel[bytes]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completed:
    """A remote command that ended. `exit_status` is -1 where a signal ended it.

    `seconds` counts from when a session was asked for, without the time to connect.
    Output is cut at one megabyte each and decoded as UTF-8, with what is not replaced.
    """

    argv: tuple[str, ...]
    exit_status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.exit_status == 0

    @property
    def output(self) -> str:
        """Both streams, for people and the audit log."""
        return "\n".join(part for part in (self.stdout.strip(), self.stderr.strip()) if part)


@dataclass(slots=True, eq=False)
class _Link:
    """What is kept for one SSH server."""

    target: SshTarget
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SESSIONS_PER_CONNECTION))
    connection: asyncssh.SSHClientConnection | None = None
    connecting: asyncio.Task[asyncssh.SSHClientConnection | ServerUnreachable] | None = None
    failures: int = 0
    retry_at: float = 0.0
    error: ServerUnreachable | None = None

    def lost(self, connection: asyncssh.SSHClientConnection) -> None:
        if self.connection is connection:
            self.connection = None

    def drop(self, connection: asyncssh.SSHClientConnection) -> None:
        """Let go of a connection that hangs, without waiting for anything."""
        self.lost(connection)
        connection.abort()


class _Client(asyncssh.SSHClient):
    """Tells the link at once when its connection is gone."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._connection: asyncssh.SSHClientConnection | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._connection = conn

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._link.lost(self._connection)


class Shells:
    """Runs commands on servers. One connection a server, made when first needed and kept; eight sessions at a time."""

    def __init__(self, *, connect_timeout: float = CONNECT_TIMEOUT) -> None:
        self._connect_timeout = connect_timeout
        self._links: dict[SshTarget, _Link] = {}
        self._handshakes = asyncio.Semaphore(HANDSHAKES_AT_ONCE)

    async def run(
        self, server: Server | SshTarget, argv: Sequence[str], *, timeout: float, stdin: str | None = None
    ) -> Completed:
        """Run `argv` on the server and wait for its end, for `timeout` seconds at most, connecting included.

        Any exit status is an answer. Raises ServerUnreachable when there is none, which says whether the command may
        have run all the same (`sent`); it is never sent a second time. A link that hangs is dropped.
        """
        link, session = self._link(server), CollectingSession()
        try:
            async with asyncio.timeout(timeout), link.slots:
                channel = await self._open(link, shlex.join(argv), session)
                output = await self._talk(link, channel, session, stdin)
        except TimeoutError:
            detail = f"no answer over SSH within {timeout:g} s: is the host alive, the link up, or the command slow?"
            raise ServerUnreachable(Outcome.TIMED_OUT, detail, sent=session.sent) from None
        return Completed(
            argv=tuple(argv),
            exit_status=output.exit_status,
            stdout=output.stdout.decode(errors="replace"),
            stderr=output.stderr.decode(errors="replace"),
            seconds=perf_counter() - session.asked_at,
        )

    def wake(self, server: Server | SshTarget) -> None:
        """Forget the pause after failed attempts: the next command may connect at once."""
        self._link(server).retry_at = 0.0

    async def close(self) -> None:
        """Close every connection, politely where the other side listens, within a second."""
        links, self._links = list(self._links.values()), {}
        connecting = [link.connecting for link in links if link.connecting is not None]
        for attempt in connecting:
            attempt.cancel()
        await asyncio.gather(*connecting, return_exceptions=True)
        connections = [link.connection for link in links if link.connection is not None]
        for connection in connections:
            connection.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await asyncio.gather(*(each.wait_closed() for each in connections), return_exceptions=True)
        for connection in connections:
            connection.abort()

    def _link(self, server: Server | SshTarget) -> _Link:
        target = server if isinstance(server, SshTarget) else server.ssh
        return self._links.setdefault(target, _Link(target))

    async def _open(self, link: _Link, command: str, session: CollectingSession) -> Channel:
        """Start the command. A kept connection that turns out to be gone is replaced once: nothing has run on it."""
        kept = link.connection is not None
        connection = await self._connection(link)
        session.asked_at = perf_counter()
        try:
            channel, _ = await connection.create_session(lambda: session, command, encoding=None)
        except asyncio.CancelledError:
            # Nobody answered in time. A channel that opens later would be nobody's: the whole link goes.
            link.drop(connection)
            raise
        except (asyncssh.Error, OSError) as error:
            if isinstance(error, asyncssh.ChannelOpenError) and not connection.is_closed():
                raise ServerUnreachable(Outcome.FAILED, f"SSH opens no session: {error.reason}") from None
            link.drop(connection)
            if session.sent:
                raise _lost(link.target, error) from None
            if kept:
                return await self._open(link, command, session)
            raise _explained(link.target, error) from None
        return channel

    async def _talk(self, link: _Link, channel: Channel, session: CollectingSession, stdin: str | None) -> Output:
        try:
            if stdin is not None:
                channel.write(stdin.encode())
            channel.write_eof()
            return await session.output()
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                channel.kill()
                channel.close()
            raise
        except (asyncssh.Error, OSError) as error:
            raise _lost(link.target, error) from None

    async def _connection(self, link: _Link) -> asyncssh.SSHClientConnection:
        if link.connection is not None:
            return link.connection
        if link.connecting is None:
            if link.error is not None and asyncio.get_running_loop().time() < link.retry_at:
                raise ServerUnreachable(link.error.outcome, link.error.detail)
            link.connecting = asyncio.create_task(self._connect(link))
        # Shielded: whoever waits may give up, the attempt goes on for those who come after.
        result = await asyncio.shield(link.connecting)
        if isinstance(result, ServerUnreachable):
            raise ServerUnreachable(result.outcome, result.detail)
        return result

    async def _connect(self, link: _Link) -> asyncssh.SSHClientConnection | ServerUnreachable:
        """One attempt. Its failure is a value, because there may be nobody left to raise it to."""
        try:
            async with asyncio.timeout(self._connect_timeout):
                reached = await _reach(link.target)
            # Only those wait for their turn who were reached: dead hosts hold up nobody.
            async with self._handshakes, asyncio.timeout(self._connect_timeout):
                connection = await asyncssh.connect(
                    link.target.host,
                    link.target.port,
                    sock=reached,
                    username=link.target.user,
                    known_hosts=str(link.target.known_hosts),
                    client_keys=[str(link.target.key_file)] if link.target.key_file else (),
                    client_factory=lambda: _Client(link),
                    config=None,
                    preferred_auth="publickey",
                    compression_algs=None,
                    encryption_algs=list(CIPHERS),
                    keepalive_interval=KEEPALIVE_SECONDS,
                    keepalive_count_max=KEEPALIVE_COUNT,
                )
        except Exception as error:
            link.error = _explained(link.target, error)
            self._pause(link, link.error.outcome)
            return link.error
        else:
            link.connection, link.error, link.failures = connection, None, 0
            return connection
        finally:
            link.connecting = None

    @staticmethod
    def _pause(link: _Link, outcome: Outcome) -> None:
        longest = LONGEST_PAUSE_DENIED if outcome is Outcome.DENIED else LONGEST_PAUSE
        pause = min(longest, FIRST_PAUSE * 2 ** min(link.failures, 10))
        link.failures += 1
        link.retry_at = asyncio.get_running_loop().time() + pause


async def _reach(target: SshTarget) -> socket.socket:
    """A TCP connection to the first of the host's addresses that takes one. OSError of the last one otherwise."""
    loop = asyncio.get_running_loop()
    refusal: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM):
        reached = socket.socket(family, kind, protocol)
        reached.setblocking(False)
        try:
            await loop.sock_connect(reached, address)
        except OSError as error:
            reached.close()
            refusal = error
        except BaseException:
            reached.close()
            raise
        else:
            return reached
    raise refusal


def _lost(target: SshTarget, error: Exception) -> ServerUnreachable:
    """The link broke after the command was sent: it may have been done, be under way, or never have arrived."""
    explained = _explained(target, error)
    return ServerUnreachable(explained.outcome, f"{explained.detail} (after the command was sent)", sent=True)


def _explained(target: SshTarget, error: Exception) -> ServerUnreachable:
    """The error in our words: what happened, and what to do where that is known."""
    where = f"{target.host}:{target.port}"
    match error:
        case ConnectionRefusedError():
            return ServerUnreachable(Outcome.REFUSED, f"SSH refused at {where}: nobody listens there")
        case TimeoutError():
            return ServerUnreachable(Outcome.TIMED_OUT, f"no SSH server answers at {where}")
        case asyncssh.HostKeyNotVerifiable():
            detail = f"the host key of {where} is not the one in {target.known_hosts}: compare its fingerprint"
            return ServerUnreachable(Outcome.DENIED, detail)
        case asyncssh.PermissionDenied():
            detail = f"{where} does not accept the key for user {target.user}: look at its authorized_keys"
            return ServerUnreachable(Outcome.DENIED, detail)
        case asyncssh.KeyImportError() | FileNotFoundError() | PermissionError():
            return ServerUnreachable(Outcome.DENIED, f"an SSH key or known_hosts file cannot be used: {error}")
        case asyncssh.ConnectionLost() | OSError():
            return ServerUnreachable(Outcome.UNREACHABLE, f"SSH to {where} broke off: {_one_line(error)}")
        case asyncssh.Error():
            return ServerUnreachable(Outcome.FAILED, f"SSH to {where} failed: {_one_line(error)}")
        case _:
            _log.error("SSH to %s failed in an unforeseen way", where, exc_info=error)
            return ServerUnreachable(Outcome.FAILED, f"SSH to {where} failed: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
