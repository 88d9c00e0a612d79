"""What a failed attempt to reach a service says: that the service is not there, or only that we could not ask."""

import errno
import os
import socket

from servers.errors import ServerUnreachable
from servers.state import Outcome
from servers.watching.services.view import ServiceDown

# Our own machine's trouble: it has no network, no way there, no more file descriptors or ports.
_OURS = frozenset(
    {errno.ENETUNREACH, errno.ENETDOWN, errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM}
)
# The resolver did not answer, which is not the answer that there is no such name. getaddrinfo(3).
_RESOLVER = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_MEMORY, socket.EAI_SYSTEM})


def failure(error: OSError, what: str) -> ServiceDown | ServerUnreachable:
    """`what` was tried: “port 6379”."""
    said = f"{what}: {_reason(error)}"
    if isinstance(error, socket.gaierror):
        return unknown(said) if error.errno in _RESOLVER else ServiceDown(said)
    return unknown(said) if error.errno in _OURS else ServiceDown(said)


def _reason(error: OSError) -> str:
    """The system's own words: what asyncio puts in their place repeats the address."""
    if error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)
    return error.strerror or type(error).__name__


def unknown(detail: str, outcome: Outcome = Outcome.UNREACHABLE) -> ServerUnreachable:
    """That it could not be asked."""
    return ServerUnreachable(outcome, detail)
