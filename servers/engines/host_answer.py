"""What the scripts of `servers.engines.host_scripts` print, as values."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from servers.control_data import IN_PRODUCTION, parse_control_data
from servers.engines.engine import ActionFailed, FenceProof
from servers.knock import Endpoint
from servers.sections import Sections, parse_sections
from servers.ssh import Completed
from servers.state import ControlData

_BLOCKS = frozenset({"control", "output", "log"})
_ANYWHERE = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - recognised here, bound by nobody
_LITTLE_ENDIAN_WORD = 4


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A postmaster of the same host that works in another data directory. `system` None: whose data is not known."""

    pid: int
    port: str
    address: str
    system: str | None
    directory: str

    def answers(self, way: Endpoint) -> bool:
        """Whether it may be the one to whom that way leads."""
        other = _is_address(way.host) and _is_address(self.address) and self.address not in (way.host, *_ANYWHERE)
        return self.port == str(way.port) and not other


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """How a server's host stands after a script; `failed`: the script's own word for what it would not or could not do.
    Only a thorough look has looked at processes and listeners; another proves no fence.

    `exit_status` and `output` are those of the command that the script ran, where it ran one.
    """

    failed: str | None
    exit_status: int | None
    output: str
    started: bool
    log: str
    postmaster_pid: int | None
    thorough: bool
    processes: tuple[int, ...]
    listeners: tuple[str, ...]
    standby_signal: bool
    control: ControlData | None
    elsewhere: tuple[Elsewhere, ...] = ()
    other_system: str | None = None  # whose data it would not touch; "-" where that cannot be told

    @property
    def in_production(self) -> bool:
        """It runs as a primary."""
        return self.postmaster_pid is not None and self.control is not None and self.control.state == IN_PRODUCTION

    @property
    def seen(self) -> str:
        """What was seen, in one line."""
        runs = f"postmaster {self.postmaster_pid} runs" if self.postmaster_pid else "no postmaster"
        others = f"{len(self.processes)} other processes left" if self.processes else "no process left"
        listens = f"somebody listens on {', '.join(self.listeners)}" if self.listeners else "no listener"
        looked = (others, listens) if self.thorough else ()
        astray = (f"{self.astray}: is data_directory right?",) if self.astray else ()
        control = f"pg_controldata says {self.control.state}" if self.control else "pg_controldata tells nothing"
        mark = ("standby.signal is there",) if self.standby_signal else ()
        return "; ".join((*astray, runs, *looked, control, *mark))

    @property
    def astray(self) -> str:
        """Who answers with the same data where the settings lead, from another data directory; '' if nobody does."""
        systems = {None, self.control.system_identifier} if self.control else None
        found = (one for one in self.elsewhere if systems is None or one.system in systems)
        return ", ".join(f"postmaster {one.pid} runs in {one.directory} on the settings' port" for one in found)

    def proof(self, seconds: float) -> FenceProof:
        return FenceProof(
            detail=self.seen,
            seconds=seconds,
            exit_status=self.exit_status,
            output=self.output,
            postmaster_pid=self.postmaster_pid,
            processes=self.processes,
            listeners=self.listeners,
            elsewhere=self.astray,
            standby_signal=self.standby_signal,
            control=self.control if self.thorough else None,
        )


def host_answer(server: str, completed: Completed, ways: Sequence[Endpoint] = ()) -> HostAnswer:
    """Take a script's output apart. ActionFailed when it could not look, or broke off.

    `ways`: where the settings say that the server answers.
    """
    found = parse_sections(completed.stdout, _BLOCKS)
    error = found.one("error")
    if error is not None or found.one("postmaster") is None or found.one("done") is None:
        reason = error or " ".join(completed.output.split())[:300] or "it printed nothing"
        message = f"{server}'s host could not be looked at: {reason}"
        raise ActionFailed(message, exit_status=completed.exit_status, output=completed.output)
    try:
        return _answer(found, ways)
    except ValueError as error:
        raise ActionFailed(f"{server}'s host gave an answer that makes no sense: {error}") from None


def _answer(found: Sections, ways: Sequence[Endpoint]) -> HostAnswer:
    pid = (found.one("postmaster") or "").partition(" ")[0]
    code = found.one("exit")
    control = found.blocks.get("control")
    port, _, address = (found.one("address") or "").partition(" ")
    return HostAnswer(
        failed=found.one("failed"),
        exit_status=int(code) if code is not None else None,
        output=found.blocks.get("output", "").strip(),
        started=found.one("status") is not None,
        log=found.blocks.get("log", "").strip(),
        postmaster_pid=int(pid) if pid else None,
        thorough=found.one("address") is not None,
        processes=tuple(int(each) for each in found.values.get("process", ())),
        listeners=listeners_of(found.values.get("listener", ()), address, port),
        standby_signal=found.one("standby_signal") is not None,
        control=parse_control_data(control) if control is not None else None,
        elsewhere=tuple(
            one for one in map(_elsewhere, found.values.get("elsewhere", ())) if any(map(one.answers, ways))
        ),
        other_system=found.one("other_system"),
    )


def _elsewhere(line: str) -> Elsewhere:
    pid, port, address, system, directory = line.split(" ", 4)
    return Elsewhere(int(pid), port, address, None if system == "-" else system, directory)


def listeners_of(local_addresses: "list[str] | tuple[()]", listens_on: str, port: str) -> tuple[str, ...]:
    """Who listens where the server would: the kernel's /proc/net/tcp addresses that its listen_addresses meet.

    Other servers of the same machine may use the same port on addresses of their own.
    """
    wanted = {word.strip() for word in listens_on.split(",")}
    found = sorted({_address(each) for each in local_addresses})
    by_name = any(not _is_address(word) for word in wanted)
    return tuple(
        f"{each}:{port}" for each in found if by_name or wanted & _ANYWHERE or each in wanted or each in _ANYWHERE
    )


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _address(kernel: str) -> str:
    """0200007F is 127.0.0.2: words of four bytes, in the machine's order (little-endian wherever PostgreSQL is met)."""
    raw = bytes.fromhex(kernel)
    words = [raw[at : at + _LITTLE_ENDIAN_WORD][::-1] for at in range(0, len(raw), _LITTLE_ENDIAN_WORD)]
    return str(ipaddress.ip_address(b"".join(words)))
