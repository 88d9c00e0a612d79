"""One command over SSH: `sh -c` in the server's own surroundings, with its streams, signals and exit status."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import asyncssh

from lab.accounts import Account, spawn_as

_STANDARD_INPUT, _STANDARD_OUTPUT, _STANDARD_ERROR = 0, 1, 2
_COULD_NOT_START = 126  # what a shell answers for a program that it cannot execute


class CommandSession(asyncssh.SSHServerSession[bytes]):
    """Runs the command of one channel as a process group of its own, which ends with the channel at the latest.

    As with OpenSSH, the channel stays open until the command has ended and nobody holds its output any more;
    what made itself a daemon, with output of its own, lives on.
    """

    def __init__(
        self,
        account: Account,
        directory: Path,
        environment: Mapping[str, str],
        on_end: Callable[["CommandSession"], None],
    ) -> None:
        self._account = account
        self._directory = directory
        self._environment = dict(environment)
        self._on_end = on_end
        self._command = ""
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._process: asyncio.SubprocessTransport | None = None
        self._starting: asyncio.Task[None] | None = None
        self._early: list[bytes | None] = []
        self._early_signals: list[int] = []
        self._closed = False
        self._ended = False

    def connection_made(self, chan: "asyncssh.SSHServerChannel[bytes]") -> None:
        self._channel = chan

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        self._starting = asyncio.get_running_loop().create_task(self._start())

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._feed(data)

    def eof_received(self) -> bool:
        self._feed(None)
        return True

    def signal_received(self, signal: str) -> None:
        number = _signal_number(signal)
        if number is not None and self._process is None:
            self._early_signals.append(number)
        elif number is not None:
            self._signal(number)

    def break_received(self, msec: int) -> bool:
        self._signal(signal.SIGINT)
        return True

    def pause_writing(self) -> None:
        for pipe in self._output_pipes():
            pipe.pause_reading()

    def resume_writing(self) -> None:
        for pipe in self._output_pipes():
            pipe.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._on_end(self)
        if not self._ended:  # what a command that ended left in the background lives on
            self.kill()

    def kill(self) -> None:
        """End the command and everything that belongs to its process group."""
        if self._starting is not None:
            self._starting.cancel()
        self._signal(signal.SIGKILL)
        self._close_pipes()

    def _close_pipes(self) -> None:
        """And leave the process's transport to close itself once the process has ended: asked to, it takes the exit
        status from the kernel, and whoever waits for that is told 255 (“Unknown child process”)."""
        if self._process is not None:
            for stream in (_STANDARD_INPUT, _STANDARD_OUTPUT, _STANDARD_ERROR):
                pipe = self._process.get_pipe_transport(stream)
                if pipe is not None:
                    pipe.close()

    def output(self, stream: int, data: bytes) -> None:
        if self._channel is None or self._closed:
            return
        # A client that has just gone is heard of only later.
        with suppress(BrokenPipeError):
            if stream == _STANDARD_ERROR:
                self._channel.write_stderr(data)
            else:
                self._channel.write(data)

    def ended(self, status: int) -> None:
        """The command has ended and its output is complete: tell the client how it ended."""
        self._ended = True
        self._on_end(self)  # before the client hears of it, so that it may open the next session at once
        channel = self._channel
        if channel is None or self._closed:
            return
        if status >= 0:
            channel.exit(status)
        else:
            channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))

    async def _start(self) -> None:
        spawn = spawn_as(self._account, ("/bin/sh", "-c", self._command))
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.subprocess_exec(
                lambda: _CommandProtocol(self),
                *spawn.argv,
                cwd=self._directory,
                env=self._environment,
                start_new_session=True,
                user=spawn.user,
                group=spawn.group,
                extra_groups=spawn.extra_groups,
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in the command
            self.output(_STANDARD_ERROR, f"cannot run the command: {error}\n".encode())
            self.ended(_COULD_NOT_START)
            return
        self._process = transport
        if self._closed:
            self.kill()
            return
        early, self._early = self._early, []
        for data in early:
            self._feed(data)
        for number in self._early_signals:
            self._signal(number)

    def _feed(self, data: bytes | None) -> None:
        if self._process is None:
            self._early.append(data)
            return
        pipe = self._process.get_pipe_transport(_STANDARD_INPUT)
        if isinstance(pipe, asyncio.WriteTransport) and not pipe.is_closing():
            if data is None:
                pipe.close()
            else:
                pipe.write(data)

    def _signal(self, number: int) -> None:
        """Signal the process group. Its leader is a session leader, so that the group's number is the process's."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.get_pid(), number)

    def feed_pressure(self, pressed: bool) -> None:
        """The command reads its input slower than it comes, or reads again.

        asyncio tells this in the middle of writing to the pipe, and must not be made to write and close it there: it
        would close it with what is left unwritten, and go on watching its number, which the next command's pipe gets.
        """
        if pressed:
            self._take(False)
        else:
            asyncio.get_running_loop().call_soon(self._take, True)

    def _take(self, more: bool) -> None:
        if self._channel is None or self._closed:
            return
        if more:
            self._channel.resume_reading()
        else:
            self._channel.pause_reading()

    def _output_pipes(self) -> list[asyncio.ReadTransport]:
        if self._process is None:
            return []
        pipes = (self._process.get_pipe_transport(stream) for stream in (_STANDARD_OUTPUT, _STANDARD_ERROR))
        return [pipe for pipe in pipes if isinstance(pipe, asyncio.ReadTransport) and not pipe.is_closing()]


class _CommandProtocol(asyncio.SubprocessProtocol):
    """What asyncio tells of the process, passed to its session."""

    def __init__(self, session: CommandSession) -> None:
        self._session = session
        self._transport: asyncio.SubprocessTransport | None = None
        self._open = {_STANDARD_OUTPUT, _STANDARD_ERROR}
        self._told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)  # noqa: S101 - asyncio promises it
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._session.output(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        self._tell_when_done()

    def process_exited(self) -> None:
        self._tell_when_done()

    def pause_writing(self) -> None:
        self._session.feed_pressure(True)

    def resume_writing(self) -> None:
        self._session.feed_pressure(False)

    def _tell_when_done(self) -> None:
        status = self._transport.get_returncode() if self._transport is not None else None
        if status is not None and not self._open and not self._told:
            self._told = True
            self._session.ended(status)


def _signal_number(name: str) -> int | None:
    """The number of a signal that SSH names without its SIG."""
    with suppress(KeyError):
        return signal.Signals[f"SIG{name}"]
    return None
