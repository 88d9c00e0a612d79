"""Tailscale, where it connects the servers of a cluster."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit, yes
from alerts.probes.of_hosts import hosts, unseen
from servers.watching.hosts.facts import HostWatch, Tailnet

TAILNET_RUNS = "tailnet_runs"
TAILNET_KEY_LEFT = "tailnet_key_left"
TAILNET_ONLINE = "tailnet_online"
TAILNET_DIRECT = "tailnet_direct"


def tailnet(look: Look) -> tuple[Observation, ...]:
    """`tailnet_runs` (yes or no) and `tailnet_key_left` (seconds; infinite without an end) of each host;
    `tailnet_online` and `tailnet_direct` (yes or no) of the way to each other server, such as "db1 to db2".

    Whether a way is direct is known only while something goes over it.
    """
    return tuple(one for host in hosts(look) for one in _of_host(host))


def _of_host(host: HostWatch) -> Iterator[Observation]:
    found = host.tailnet.value
    if found is None:
        yield from unseen(TAILNET_RUNS, Unit.YES_OR_NO, host, host.tailnet)
        return
    runs = found.state == "Running"
    line = f"Tailscale on {host.server}: {found.state}"
    yield Observation(TAILNET_RUNS, host.server, yes(runs), Unit.YES_OR_NO, (line,), host.server)
    left = float("inf") if found.key_left is None else max(0.0, found.key_left)
    yield Observation(TAILNET_KEY_LEFT, host.server, left, Unit.SECONDS, (), host.server)
    yield from _peers(host.server, found, runs=runs)


def _peers(server: str, found: Tailnet, *, runs: bool) -> Iterator[Observation]:
    for peer in found.peers:
        subject = f"{server} to {peer.server}"
        way = f"relayed through {peer.relay}" if peer.relay else "direct"
        line = f"{peer.server} is {'online' if peer.online else 'offline'}, says Tailscale on {server}"
        online = peer.online if runs else None
        direct = not peer.relay if runs and peer.online and peer.active else None
        yield Observation(TAILNET_ONLINE, subject, yes(online), Unit.YES_OR_NO, (line,), server)
        yield Observation(TAILNET_DIRECT, subject, yes(direct), Unit.YES_OR_NO, (f"the way is {way}",), server)
