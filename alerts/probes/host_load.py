"""How hard a host works: load by core, and what its tasks wait for."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.of_hosts import hosts, unseen
from ledger.quantities import share_text
from servers.watching.hosts.facts import HostWatch, Load, Stall

LOAD_PER_CORE = "load_per_core"
CPU_PRESSURE = "cpu_pressure"
MEMORY_PRESSURE = "memory_pressure"
IO_PRESSURE = "io_pressure"

_PRESSURES = {"cpu": CPU_PRESSURE, "memory": MEMORY_PRESSURE, "io": IO_PRESSURE}


def host_load(look: Look) -> tuple[Observation, ...]:
    """`load_per_core` over 15 minutes; `cpu_pressure`, the share of the last minute in which some task waited for a
    processor; `memory_pressure` and `io_pressure`, the share in which every task that had work waited for it."""
    return tuple(one for host in hosts(look) for one in (*_load(host), *_pressures(host)))


def _load(host: HostWatch) -> Iterator[Observation]:
    load = host.load.value
    if load is None:
        yield from unseen(LOAD_PER_CORE, Unit.COUNT, host, host.load)
    else:
        value = load.fifteen / load.cores
        yield Observation(LOAD_PER_CORE, host.server, value, Unit.COUNT, (_load_line(load),), host.server)


def _load_line(load: Load) -> str:
    return f"load {load.one:g} over 1 min, {load.five:g} over 5, {load.fifteen:g} over 15, on {load.cores} processors"


def _pressures(host: HostWatch) -> Iterator[Observation]:
    stalls = {stall.resource: stall for stall in host.stalls.value or ()}
    for resource, name in _PRESSURES.items():
        stall = stalls.get(resource)
        if stall is None:
            yield from unseen(name, Unit.SHARE, host, host.stalls)
        else:
            # With all of them waiting for the processor, who would be running?
            value = stall.some if resource == "cpu" else stall.full
            yield Observation(name, host.server, value, Unit.SHARE, (_stall_line(stall),), host.server)


def _stall_line(stall: Stall) -> str:
    some = f"within the last minute some tasks waited for {stall.resource} {share_text(stall.some)} of the time"
    return some if stall.full is None else f"{some}, all of them {share_text(stall.full)}"
