"""A host's memory: what is left, what is swapped, what the kernel ended for want of it; and its file handles."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.of_hosts import hosts, unseen
from ledger.quantities import bytes_text, count_text, share_text
from servers.watching.hosts.facts import HostWatch

MEMORY_USED = "memory_used"
SWAPPED_IN = "swapped_in"
OOM_KILLS = "oom_kills"
OPEN_FILES = "open_files"


def host_memory(look: Look) -> tuple[Observation, ...]:
    """`memory_used` (the share that is not available, huge pages aside), `swapped_in` (bytes a second since the last
    look), `oom_kills` (within the last hour) and `open_files` (a share of the kernel's limit) of each host."""
    return tuple(
        one for host in hosts(look) for one in (*_used(host), *_swapped(host), *_kills(host), *_open_files(host))
    )


def _used(host: HostWatch) -> Iterator[Observation]:
    memory = host.memory.value
    if memory is None or not memory.total:
        yield from unseen(MEMORY_USED, Unit.SHARE, host, host.memory)
        return
    swap = (
        f"; swap: {bytes_text(memory.swap_free)} free of {bytes_text(memory.swap_total)}" if memory.swap_total else ""
    )
    line = f"{bytes_text(memory.available)} available of {bytes_text(memory.total)}{swap}"
    value = 1 - memory.available / memory.total
    yield Observation(MEMORY_USED, host.server, value, Unit.SHARE, (line,), host.server)


def _swapped(host: HostWatch) -> Iterator[Observation]:
    swapping = host.swapping.value
    if swapping is None:
        yield from unseen(SWAPPED_IN, Unit.BYTES, host, host.swapping)
        return
    line = f"{bytes_text(swapping.read)} a second read from swap, {bytes_text(swapping.written)} written to it"
    yield Observation(SWAPPED_IN, host.server, swapping.read, Unit.BYTES, (line,), host.server)


def _kills(host: HostWatch) -> Iterator[Observation]:
    kills = host.oom_kills.value
    if kills is None:
        yield from unseen(OOM_KILLS, Unit.COUNT, host, host.oom_kills)
        return
    line = f"the kernel has ended a process {count_text(kills, 'time')} within the last hour, for want of memory"
    yield Observation(OOM_KILLS, host.server, float(kills), Unit.COUNT, (line,), host.server)


def _open_files(host: HostWatch) -> Iterator[Observation]:
    share = host.open_files.value
    if share is None:
        yield from unseen(OPEN_FILES, Unit.SHARE, host, host.open_files)
        return
    line = f"{share_text(share)} of the file handles that the kernel allows (fs.file-max)"
    yield Observation(OPEN_FILES, host.server, share, Unit.SHARE, (line,), host.server)
