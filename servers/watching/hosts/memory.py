"""What one look at a host cannot tell, and several can: rates, growth, what happened within the last hour."""

from collections import deque
from dataclasses import dataclass, field, replace
from statistics import median

from servers.watching.hosts.answers import unknown
from servers.watching.hosts.facts import Drive, FileSystem, Found, PortReply, PortTry, Swapping, Way
from servers.watching.hosts.filling import Level, seconds_left, with_level
from servers.watching.hosts.reading import Counters, Reading

OOM_REMEMBERED = 3600.0  # seconds
TIMEOUTS_OF = 15  # looks
# SMART is asked for at most so often: each time costs a moment of the drive's.
DRIVES_EVERY = 3600.0
SSH_EVERY = 600.0  # see servers.watching.hosts.ports
WAYS_OF = 10  # looks: ten packets each
_NOT_TWICE = "it takes two looks to tell"

Levels = tuple[Level, ...]


def _never() -> Found[tuple[Drive, ...]]:
    return Found()


@dataclass(slots=True)
class HostMemory:
    """Of one host. Times are seconds of our own steady clock, so that no setting of a clock disturbs them."""

    drives: Found[tuple[Drive, ...]] = field(default_factory=_never)
    drives_at: float | None = None
    failures: int = 0  # looks in a row
    late: "deque[bool]" = field(default_factory=lambda: deque(maxlen=TIMEOUTS_OF))
    ssh_at: float | None = None
    _ssh: tuple[PortTry, ...] = ()
    _tries: tuple[PortTry, ...] = ()
    _opened: set[tuple[str, int]] = field(default_factory=set)
    _ways: "dict[str, deque[Way]]" = field(default_factory=dict)
    _counters: Counters | None = None
    _at: float = 0.0
    _kills: list[tuple[float, int]] = field(default_factory=list)
    _levels: dict[tuple[str, str], Levels] = field(default_factory=dict)

    def wants_drives(self, at: float) -> bool:
        return self.drives_at is None or at - self.drives_at >= DRIVES_EVERY

    def keep_drives(self, found: Found[tuple[Drive, ...]] | None, at: float) -> Found[tuple[Drive, ...]]:
        if found is not None:
            self.drives, self.drives_at = found, at
        return self.drives

    def wants_ssh(self, at: float) -> bool:
        """Seldom; at once again where it was open before and is not now, for one try alone is no evidence."""
        lost = any(one.reply is not PortReply.OPEN and (one.target, one.port) in self._opened for one in self._ssh)
        return lost or self.ssh_at is None or at - self.ssh_at >= SSH_EVERY

    def keep_ports(self, required: tuple[PortTry, ...], ssh: tuple[PortTry, ...], at: float) -> tuple[PortTry, ...]:
        """This look's tries, with those of SSH that were made last, each with whether it was ever open before."""
        if ssh:
            self._ssh, self.ssh_at = ssh, at
        tries = tuple(replace(one, was_open=(one.target, one.port) in self._opened) for one in (*required, *self._ssh))
        self._opened |= {(one.target, one.port) for one in tries if one.reply is PortReply.OPEN}
        self._tries = tries
        return tries

    def untried(self) -> tuple[PortTry, ...]:
        """The ports that were tried last, of which nothing is known now."""
        return tuple(replace(one, reply=PortReply.UNTRIED, detail="the host did not answer") for one in self._tries)

    def with_ways(self, found: tuple[tuple[str, Found[Way]], ...]) -> tuple[tuple[str, Found[Way]], ...]:
        """The ways over the last looks: ten packets alone say nothing of a loss of some percent."""
        return tuple((server, self._with_way(server, way)) for server, way in found)

    def _with_way(self, server: str, way: Found[Way]) -> Found[Way]:
        if way.value is None:
            return way
        last = self._ways.setdefault(server, deque(maxlen=WAYS_OF))
        last.append(way.value)
        times = [one.round_trip for one in last if one.round_trip is not None]
        sent, answered = sum(one.sent for one in last), sum(one.answered for one in last)
        return Found(Way(server, sent, answered, median(times) if times else None), "")

    def swapping_and_kills(self, reading: Reading, at: float) -> tuple[Found[Swapping], Found[int]]:
        """Since the look before; a counter that went back is that of another start of the host, and begins anew."""
        before, now = self._counters, reading.counters
        seconds = at - self._at
        self._counters, self._at = now, at
        if now.oom_kills is None:
            kills: Found[int] = unknown("/proc/vmstat does not count what the kernel ended for want of memory")
        else:
            self._kills = [kill for kill in self._kills if at - kill[0] < OOM_REMEMBERED]
            more = now.oom_kills - before.oom_kills if before and before.oom_kills is not None else 0
            if more > 0:
                self._kills.append((at, more))
            kills = Found(sum(count for _, count in self._kills), "")
        return _swapping(before, now, seconds), kills

    def with_forecasts(self, found: tuple[FileSystem, ...], at: float) -> tuple[FileSystem, ...]:
        """Each with when it will be full. What is no longer mounted is forgotten."""
        levels: dict[tuple[str, str], Levels] = {}
        forecast = []
        for one in found:
            blocks = self._level(one.mount, "bytes", Level(at, one.used, one.available))
            inodes = self._level(one.mount, "inodes", Level(at, one.inodes_used, one.inodes_available))
            levels[one.mount, "bytes"], levels[one.mount, "inodes"] = blocks, inodes
            counted = one.inodes_used_share is not None
            forecast.append(
                replace(one, full_in=seconds_left(blocks), inodes_full_in=seconds_left(inodes) if counted else None)
            )
        self._levels = levels
        return tuple(forecast)

    def _level(self, mount: str, what: str, level: Level) -> Levels:
        before = self._levels.get((mount, what), ())
        # Another size is another disk, or one that was grown: what was seen before says nothing of it.
        grown = before and abs((before[-1].used + before[-1].left) - (level.used + level.left)) > 0.02 * level.used
        return with_level(() if grown and what == "bytes" else before, level)


def _swapping(before: Counters | None, now: Counters, seconds: float) -> Found[Swapping]:
    if now.swap_in is None or now.swap_out is None:
        return unknown("/proc/vmstat does not count swapping")
    if before is None or before.swap_in is None or before.swap_out is None or seconds <= 0:
        return unknown(_NOT_TWICE)
    read, written = now.swap_in - before.swap_in, now.swap_out - before.swap_out
    if read < 0 or written < 0:
        return unknown(_NOT_TWICE)
    return Found(Swapping(read * now.page_size / seconds, written * now.page_size / seconds), "")
