"""How full the watched file systems are."""

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text
from servers.state import DiskUse

DISK_USED = "disk_used"


def disks(look: Look) -> tuple[Observation, ...]:
    """`disk_used` of each file system: the share that df calls Use%, once however many watched paths lie on it."""
    return tuple(
        _observation(server.name, disk)
        for server in look.state.servers
        if server.host is not None
        for disk in {disk.mount: disk for disk in server.host.disks}.values()
    )


def _observation(server: str, disk: DiskUse) -> Observation:
    line = f"{disk.mount}: {bytes_text(disk.used)} used, {bytes_text(disk.available)} left"
    return Observation(DISK_USED, f"{server} {disk.mount}", disk.used_fraction, Unit.SHARE, (line,), server)
