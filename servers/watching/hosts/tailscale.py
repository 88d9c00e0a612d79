"""What Tailscale says of itself and of the way to the other servers (`tailscale status --json`). Pure.

Its shape: https://pkg.go.dev/tailscale.com/ipn/ipnstate (Status, PeerStatus). Only what leads to the cluster's own
servers is looked at: laptops come and go.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from servers.watching.hosts.answers import Printed, absent, one_line, unknown
from servers.watching.hosts.facts import Found, Tailnet, TailnetPeer

# https://tailscale.com/kb/1015/100.x-addresses and /kb/1121/ipv6
_NETWORKS = (ip_network("100.64.0.0/10"), ip_network("fd7a:115c:a1e0::/48"))
_MOST_PEERS = 5000


def tailnet(printed: Printed | None, addresses: Mapping[str, str], now: datetime) -> Found[Tailnet]:
    """`addresses`: host by server, of all of the cluster's. Absent where none of them is Tailscale's."""
    if printed is None:
        return absent("Tailscale is not installed")
    try:
        status = json.loads(printed.text)
    except (ValueError, RecursionError):
        # Where no address of the cluster is Tailscale's, it does not matter what ails it.
        return unknown(printed.reason) if any(map(_of_tailscale, addresses.values())) else absent("it is not used here")
    found = _table(status)
    peers = tuple(_peers(found.get("Peer"), addresses))
    if not peers and not any(map(_of_tailscale, addresses.values())):
        return absent("it is not used between these servers")
    return Found(Tailnet(one_line(str(found.get("BackendState") or "unknown")), _key_left(found, now), peers), "")


def _peers(found: object, addresses: Mapping[str, str]) -> Iterable[TailnetPeer]:
    by_address = {address.rstrip(".").lower(): server for server, address in addresses.items()}
    for _, value in zip(range(_MOST_PEERS), _table(found).values(), strict=False):
        peer = _table(value)
        listed = peer.get("TailscaleIPs")
        names = [str(name) for name in listed] if isinstance(listed, list) else []
        full = str(peer.get("DNSName") or "").rstrip(".").lower()
        server = next((by_address[name] for name in (*names, full, full.partition(".")[0]) if name in by_address), None)
        if server is not None:
            yield TailnetPeer(server, peer.get("Online") is True, peer.get("Active") is True, _relay(peer))


def _relay(peer: Mapping[str, object]) -> str:
    """Where there is a direct way its address is in CurAddr; the relay is named in any case."""
    if peer.get("CurAddr"):
        return ""
    return one_line(str(peer.get("PeerRelay") or peer.get("Relay") or ""))


def _key_left(status: Mapping[str, object], now: datetime) -> float | None:
    text = _table(status.get("Self")).get("KeyExpiry")
    try:
        expires = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (expires if expires.tzinfo else expires.replace(tzinfo=UTC)).timestamp() - now.timestamp()


def _of_tailscale(address: str) -> bool:
    if address.rstrip(".").endswith(".ts.net"):
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in _NETWORKS)


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
