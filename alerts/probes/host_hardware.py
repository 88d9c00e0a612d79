"""The disks beneath: software RAID, and what the drives say of their own health."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.of_hosts import hosts, unseen
from servers.watching.hosts.facts import Array, HostWatch

ARRAYS_DEGRADED = "arrays_degraded"
DRIVES_FAILING = "drives_failing"


def host_hardware(look: Look) -> tuple[Observation, ...]:
    """`arrays_degraded` and `drives_failing`, how many of each host. An array that is checked or synchronised anew with
    all its members there, is none of them."""
    return tuple(one for host in hosts(look) for one in (*_arrays(host), *_drives(host)))


def _arrays(host: HostWatch) -> Iterator[Observation]:
    arrays = () if host.arrays.absent else host.arrays.value
    if arrays is None:
        yield from unseen(ARRAYS_DEGRADED, Unit.COUNT, host, host.arrays)
        return
    degraded = tuple(array for array in arrays if array.degraded)
    lines = tuple(_array_line(array) for array in degraded)
    yield Observation(ARRAYS_DEGRADED, host.server, float(len(degraded)), Unit.COUNT, lines, host.server)


def _array_line(array: Array) -> str:
    what = "is inactive" if array.inactive else f"lacks {array.missing} of its members"
    faulty = f", faulty: {', '.join(array.faulty)}" if array.faulty else ""
    activity = f"; {array.activity}" if array.activity else ""
    return f"{array.name} ({array.level or 'level not told'}) {what}{faulty}{activity}"


def _drives(host: HostWatch) -> Iterator[Observation]:
    drives = host.drives.value
    if drives is None:
        yield from unseen(DRIVES_FAILING, Unit.COUNT, host, host.drives)
        return
    failing = tuple(drive for drive in drives if drive.passed is False)
    lines = tuple(f"{drive.name} says of itself that it is failing (SMART)" for drive in failing)
    yield Observation(DRIVES_FAILING, host.server, float(len(failing)), Unit.COUNT, lines, host.server)
