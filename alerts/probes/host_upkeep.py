"""What waits for an administrator of a host: a reboot, failed units."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.of_hosts import hosts, unseen
from servers.watching.hosts.facts import HostWatch

REBOOT_WAITS = "reboot_waits"
FAILED_UNITS = "failed_units"

_MOST_NAMED = 8


def host_upkeep(look: Look) -> tuple[Observation, ...]:
    """`reboot_waits`, for how many seconds each host has waited for one (0: it does not); `failed_units`, how many."""
    return tuple(one for host in hosts(look) for one in (*_reboot(host), *_units(host)))


def _reboot(host: HostWatch) -> Iterator[Observation]:
    reboot = host.reboot.value
    if reboot is None:
        yield from unseen(REBOOT_WAITS, Unit.SECONDS, host, host.reboot)
    else:
        waits = reboot.waits if reboot.reasons else 0.0
        yield Observation(REBOOT_WAITS, host.server, waits, Unit.SECONDS, reboot.reasons, host.server)


def _units(host: HostWatch) -> Iterator[Observation]:
    units = host.failed_units.value
    if units is None:
        yield from unseen(FAILED_UNITS, Unit.COUNT, host, host.failed_units)
        return
    more = len(units) - _MOST_NAMED
    lines = (*units[:_MOST_NAMED], *((f"and {more} more",) if more > 0 else ()))
    yield Observation(FAILED_UNITS, host.server, float(len(units)), Unit.COUNT, lines, host.server)
