"""Ports of our own: bound for as long as they are ours, whether anybody listens or not."""

import errno
import socket

_TRIES = 50


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bind_exclusively(host: str, port: int) -> socket.socket:
    """A socket bound to an address that no other socket has; port 0: a port of the kernel's choice. OSError if taken.

    SO_REUSEADDR would let others that use it bind the same address while nobody listens, so it is set only afterwards:
    a socket that was shut down needs it to listen again while its former connections live.
    """
    if port == 0:
        return _bind_anywhere(host)
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return bound


def stop_listening(bound: socket.socket) -> None:
    """Refuse connections but keep the port: Linux lets a bound socket that was shut down listen again."""
    bound.shutdown(socket.SHUT_RDWR)


def _bind_anywhere(host: str) -> socket.socket:
    for _ in range(_TRIES):
        # Only a port that was asked for by number stays bound when the socket stops to listen.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as scout:
            scout.bind((host, 0))
            port = scout.getsockname()[1]
        try:
            return bind_exclusively(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no free port on {host} in {_TRIES} tries")
