"""What the probes over hosts have in common: each topic of a host is there, or unknown with a reason, or absent."""

from collections.abc import Iterator
from typing import TypeVar

from alerts.observation import Look, Observation, Unit
from servers.watching.hosts.facts import Found, HostWatch

T = TypeVar("T")


def hosts(look: Look) -> Iterator[HostWatch]:
    """The hosts as the slow look saw them; none before its first one, or where none are watched."""
    if look.state.watched.hosts is not None:
        yield from look.state.watched.hosts.hosts


def unseen(name: str, unit: Unit, host: HostWatch, found: Found[T]) -> Iterator[Observation]:
    """The observation of what is not known, with why; none where the host has no such thing."""
    if not found.absent:
        why = found.why if host.answer.ok else host.answer.how
        yield Observation(name, host.server, None, unit, (why,), host.server)
