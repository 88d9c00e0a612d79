"""The practice Slack is for this machine alone: foreign host names and foreign origins are refused."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether a Host header (with or without a port) names this machine's loopback."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_foreign(origin: str | None, fetch_site: str | None, host: str) -> bool:
    """Whether a browser sent this on behalf of another site."""
    if fetch_site == "cross-site":
        return True
    return origin is not None and urlsplit(origin).netloc != host


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses other Host headers (DNS rebinding), and posts and sockets of other origins."""
    if not is_loopback(request.host):
        return web.Response(status=421, text="this practice Slack answers to loopback names only\n")
    changes = request.method != "GET" or request.headers.get("Upgrade", "").lower() == "websocket"
    if changes and is_foreign(request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site"), request.host):
        return web.Response(status=403, text="requests from other origins are refused\n")
    return await handler(request)
