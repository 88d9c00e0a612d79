"""The servers' own loopback addresses: 127.0.0.2, 127.0.0.3, … wherever they are free."""

import socket
from dataclasses import dataclass

from lab.errors import LabError
from lab.ports import bind_exclusively

_POSTGRES_PORTS = range(5432, 5460)
_HOSTS = range(2, 250)
_SSH_ABOVE_POSTGRES = 10_000


@dataclass(frozen=True, slots=True)
class Seat:
    """An address, PostgreSQL's port on it, and the bound socket of its SSH server.

    That socket is what makes it ours: every lab takes both ports or none, so that who has the one may use the other.
    """

    address: str
    postgres_port: int
    door: socket.socket

    @property
    def ssh_port(self) -> int:
        return self.postgres_port + _SSH_ABOVE_POSTGRES

    def leave(self) -> None:
        self.door.close()


def take_seats(count: int) -> list[Seat]:
    """Free addresses, each with PostgreSQL's usual port where that is free. LabError when there are not enough.

    The ports lie below those that the kernel hands out by itself, so that a server which was killed finds its port
    free when it comes back.
    """
    seats: list[Seat] = []
    for port in _POSTGRES_PORTS:
        for host in _HOSTS:
            seat = _try_seat(f"127.0.0.{host}", port)
            if seat is not None:
                seats.append(seat)
            if len(seats) == count:
                return seats
    for seat in seats:
        seat.leave()
    raise LabError("no free loopback addresses: stop another lab first (`understudy lab status` lists them)")


def _try_seat(address: str, port: int) -> Seat | None:
    try:
        door = bind_exclusively(address, port + _SSH_ABOVE_POSTGRES)
    except OSError:
        return None
    if _free(address, port):
        return Seat(address, port, door)
    door.close()
    return None


def _free(address: str, port: int) -> bool:
    """Whether PostgreSQL could listen there. It sets SO_REUSEADDR too, to come back while old connections fade."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
