"""Every file system of a host's local disks: how full by bytes and inodes, and when it will be."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.observation import Look, Observation, Unit
from alerts.probes.of_hosts import hosts, unseen
from ledger.quantities import bytes_text, share_text
from servers.inventory import ServiceKind
from servers.state import DiskUse
from servers.watching.hosts.facts import FileSystem, HostWatch

HOST_DISK_USED = "host_disk_used"
FILE_SYSTEM_USED = "file_system_used"
FULL_IN = "full_in"
INODES_USED = "inodes_used"
INODES_FULL_IN = "inodes_full_in"

# A container sees a file system of its host by another name; by what it holds it is the same one.
_ALIKE = 0.01


@dataclass(frozen=True, slots=True)
class _Known:
    """The file systems that the fast look watches, or None: it did not answer."""

    disks: tuple[DiskUse, ...] | None
    in_container: bool


def host_disks(look: Look) -> tuple[Observation, ...]:
    """Of each file system: `file_system_used` and `inodes_used` (shares), `full_in` and `inodes_full_in` (seconds at
    this rate; infinite: not at all), and `host_disk_used` of those that the fast look does not watch anyway."""
    return tuple(one for host in hosts(look) for one in _of_host(look, host))


def _of_host(look: Look, host: HostWatch) -> Iterator[Observation]:
    systems = host.file_systems.value
    if systems is None:
        for name, unit in ((FILE_SYSTEM_USED, Unit.SHARE), (INODES_USED, Unit.SHARE)):
            yield from unseen(name, unit, host, host.file_systems)
        return
    known = _known(look, host.server)
    for system in systems:
        yield from _of_system(host.server, system)
        if not _watched_anyway(system, known):
            value = system.used_share if known.disks is not None else None
            subject = f"{host.server} {system.mount}"
            yield Observation(HOST_DISK_USED, subject, value, Unit.SHARE, (_line(system),), host.server)


def _of_system(server: str, system: FileSystem) -> Iterator[Observation]:
    subject = f"{server} {system.mount}"
    yield Observation(FILE_SYSTEM_USED, subject, system.used_share, Unit.SHARE, (_line(system),), server)
    yield Observation(FULL_IN, subject, system.full_in, Unit.SECONDS, (), server)
    inodes = system.inodes_used_share
    if inodes is not None:
        line = f"{system.mount}: {system.inodes_used} inodes in use, {system.inodes_available} left"
        yield Observation(INODES_USED, subject, inodes, Unit.SHARE, (line,), server)
        yield Observation(INODES_FULL_IN, subject, system.inodes_full_in, Unit.SECONDS, (), server)


def _line(system: FileSystem) -> str:
    left = bytes_text(system.available)
    return f"{system.mount}: {share_text(system.used_share)} used, {left} left of {bytes_text(system.size)}"


def _known(look: Look, server: str) -> _Known:
    state = next((one for one in look.state.servers if one.name == server), None)
    configured = next((one for one in look.cluster.servers if one.name == server), None)
    in_container = configured is not None and configured.service.kind is ServiceKind.DOCKER
    return _Known(state.host.disks if state is not None and state.host is not None else None, in_container)


def _watched_anyway(system: FileSystem, known: _Known) -> bool:
    return any(
        disk.mount == system.mount or (known.in_container and _alike(system, disk)) for disk in known.disks or ()
    )


def _alike(system: FileSystem, disk: DiskUse) -> bool:
    return system.size == disk.size and abs(system.used - disk.used) <= _ALIKE * system.size
