"""What a server's host says, as the script in `servers.host_script` prints it."""

import re
from collections.abc import Sequence

from servers.control_data import parse_control_data
from servers.errors import ServerUnreachable
from servers.sections import Sections, parse_sections
from servers.ssh import Completed
from servers.state import ControlData, DiskUse, HostFacts, Outcome, PeerReply, PeerTry
from servers.timelines import Stretch, read_history

_BLOCKS = frozenset({"control", "disks", "history"})
_LOOSE = frozenset({"peer"})
_STOPPED = frozenset("TtD")  # stopped, traced, uninterruptible sleep: proc(5)
_DISK = re.compile(r"^.*?\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+(/.*)$")
_KIBIBYTE = 1024

# pg_isready's exit status; timeout's 124 when it had to end it.
_NO_RESPONSE_CODES = frozenset({"2", "124", "137", "143"})


def host_facts(
    completed: Completed, server: str, peers: Sequence[str], paths: Sequence[str], sent_at: float
) -> HostFacts:
    """The facts. `sent_at`: our clock when the script was asked for, in seconds since 1970.

    ServerUnreachable when the script says that it could not look, or its output makes no sense.
    """
    found = parse_sections(completed.stdout, _BLOCKS, _LOOSE)
    _raise_what_went_wrong(completed, found)
    try:
        pid, _, state = (found.one("postmaster") or "").partition(" ")
        return HostFacts(
            postmaster_pid=int(pid) if pid else None,
            postmaster_stopped=bool(pid) and state in _STOPPED,
            standby_signal=found.one("standby_signal") is not None,
            control=_control(found),
            disks=disks_of(found.blocks.get("disks", ""), paths),
            load=_load(found.one("load")),
            clock_offset_seconds=_clock_offset(found, sent_at, completed.seconds),
            peers=_peers(found, server, peers),
            timeline_history=_history(found),
        )
    except ValueError as error:
        raise ServerUnreachable(Outcome.FAILED, f"its host's answer makes no sense: {error}"[:200]) from None


def _raise_what_went_wrong(completed: Completed, found: Sections) -> None:
    denied, error = found.one("denied"), found.one("error")
    if denied is not None:
        raise ServerUnreachable(Outcome.DENIED, f"{denied}: connect as the owner of the data directory")
    if error is not None:
        raise ServerUnreachable(Outcome.FAILED, error)
    if found.one("postmaster") is None or found.one("done") is None:
        reason = " ".join((completed.stderr or completed.stdout).split())[:200] or "no output"
        raise ServerUnreachable(Outcome.FAILED, f"the look at its host failed ({completed.exit_status}): {reason}")


def _control(found: Sections) -> ControlData | None:
    text = found.blocks.get("control")
    return parse_control_data(text) if text is not None else None


def _history(found: Sections) -> tuple[Stretch, ...]:
    file_name = found.one("history_file")
    if file_name is None:
        return ()
    return read_history(int(file_name.partition(".")[0], 16), found.blocks.get("history", ""))


def disks_of(text: str, paths: Sequence[str]) -> tuple[DiskUse, ...]:
    """One entry a file system. Rows come in the order of the paths, unless df could not look at one of them."""
    rows = [match for match in map(_DISK.match, text.splitlines()) if match]
    names: Sequence[str] = paths if len(rows) == len(paths) else [row[4] for row in rows]
    by_mount: dict[str, DiskUse] = {}
    for name, row in zip(names, rows, strict=True):
        size, used, available = (max(0, int(row[column])) * _KIBIBYTE for column in (1, 2, 3))
        by_mount.setdefault(row[4], DiskUse(name, row[4], size, used, available))
    return tuple(by_mount.values())


def _load(text: str | None) -> tuple[float, float, float] | None:
    if text is None:
        return None
    one, five, fifteen = (float(word) for word in text.split()[:3])
    return one, five, fifteen


def _clock_offset(found: Sections, sent_at: float, seconds: float) -> float | None:
    """The script's first reading of the clock less ours at that moment, with half the time on the way allowed for."""
    try:
        began, ended = float(found.one("date") or ""), float(found.one("done") or "")
    except ValueError:  # a date without fractions of a second (busybox)
        return None
    on_the_way = max(0.0, seconds - (ended - began))
    return began - (sent_at + on_the_way / 2)


def _peers(found: Sections, server: str, peers: Sequence[str]) -> tuple[PeerTry, ...]:
    """The tries of the others, and the server's own try of itself under its own name."""
    names = {"self": server, **{str(number): name for number, name in enumerate(peers)}}
    replies: dict[str, PeerReply] = {}
    for line in found.values.get("peer", ()):
        number, code, text = (*line.split(" ", 2), "", "", "")[:3]
        if number in names:
            replies[names[number]] = reply_of(code, text)
    tried = [*peers, server] if server in replies else peers
    return tuple(PeerTry(name, replies.get(name, PeerReply.NOT_TRIED)) for name in tried)


def reply_of(code: str, text: str) -> PeerReply:
    """What pg_isready's exit status and words mean."""
    if code in _NO_RESPONSE_CODES:
        return PeerReply.NO_RESPONSE
    return next((reply for reply in (PeerReply.ACCEPTING, PeerReply.REJECTING) if reply == text), PeerReply.NOT_TRIED)
