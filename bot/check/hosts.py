"""The slow look at each host, once: what of it can be read, and what cannot, with why."""

from collections.abc import Iterator

from bot.check.finding import Finding, Outcome
from bot.wiring import utc_now
from servers.inventory import Cluster
from servers.ssh import Shells
from servers.watching.hosts.facts import Found, HostWatch
from servers.watching.hosts.looks import HostLooks

_MEND = "its alerts cannot fire until it can be read: see docs/watching-hosts.md"


async def check_hosts(cluster: Cluster) -> list[Finding]:
    """A finding for each host of the cluster."""
    shells = Shells()
    try:
        found = await HostLooks(shells, utc_now).look(cluster)
    finally:
        await shells.close()
    return [finding(cluster, host) for host in found.hosts]


def finding(cluster: Cluster, host: HostWatch) -> Finding:
    """What that look tells; a warning where something of the host is unknown."""
    subject, what = f"{cluster.name}/{host.server}", "host"
    if not host.answer.ok:
        mend = "see that the SSH user may run sh there, and how long its login takes"
        return Finding(subject, what, Outcome.BROKEN, host.answer.how, mend)
    unknown = [f"{topic}: {found.why}" for topic, found in topics(host) if found.value is None and not found.absent]
    seen = ", ".join(topic for topic, found in topics(host) if found.value is not None)
    if unknown:
        return Finding(subject, what, Outcome.WARNING, f"{seen or 'nothing'}; unknown: {'; '.join(unknown)}", _MEND)
    return Finding(subject, what, Outcome.WORKS, seen)


def topics(host: HostWatch) -> Iterator[tuple[str, Found[object]]]:
    """What one look can tell, by name; what takes two is left out."""
    yield "disks", host.file_systems
    yield "load", host.load
    yield "memory", host.memory
    yield "pressure", host.stalls
    yield "OOM kills", host.oom_kills
    yield "file handles", host.open_files
    yield "RAID", host.arrays
    yield "drives", host.drives
    yield "reboot", host.reboot
    yield "units", host.failed_units
    yield "clock", host.synchronised
    yield "Tailscale", host.tailnet
    for server, way in host.ways:
        yield f"way to {server}", way
