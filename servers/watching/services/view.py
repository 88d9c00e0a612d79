"""What was seen of one watched service."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from servers.state import Answer

# How the observations are called that several kinds of services have in common.
UP = "service_up"
LATENCY = "service_latency"
LATENCY_LIMIT = "service_latency_limit"
CERTIFICATE = "service_certificate_left"


class Unit(StrEnum):
    """What a measure is in. Those who keep and show it have the same words."""

    YES_OR_NO = "yes or no"  # 1.0 is yes
    COUNT = "count"
    BYTES = "bytes"
    SECONDS = "seconds"
    SHARE = "share"  # between 0 and 1


@dataclass(frozen=True, slots=True)
class Measure:
    """A named value of a part of a service ('': of the service itself). `value` None: not known.

    `name` is that of the observation it becomes; `evidence` has one line a fact.
    """

    name: str
    value: float | None
    unit: Unit
    part: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a service found; `problems`, a line each, say why it is not up, and are empty where it is.

    `leads_to`, of a name: the server of the cluster that it leads to, '' where that is none or several; None: whether
    it leads to the primary is not asked.
    """

    problems: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    leads_to: str | None = None
    detail: str = ""


class ServiceDown(Exception):
    """It was asked, and does not answer as it should. The message says how, without secrets."""


class WatchedService(Protocol):
    """One kind of service, with how it is reached."""

    @property
    def kind(self) -> str:
        """What it is, in the field's words."""
        ...

    async def look(self, timeout: float) -> Seen:
        """Within so many seconds. Raises ServiceDown: it was asked, and is not there; ServerUnreachable: it could not
        be asked at all, which says nothing of it."""
        ...


@dataclass(frozen=True, slots=True)
class WatchedPlace:
    """A service as the settings have it. `server`: it runs on that server's host. `critical`: people are called for it
    at any hour."""

    name: str
    service: WatchedService
    server: str | None = None
    critical: bool = True

    @property
    def subject(self) -> str:
        """Its name for people, behind the server on which it runs."""
        return f"{self.server} {self.name}" if self.server else self.name


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as last looked at. `seen` None: it could not be asked, as `answer` says; nothing is known of it."""

    subject: str
    kind: str
    answer: Answer
    seen: Seen | None = None
    server: str | None = None
    critical: bool = True

    @property
    def up(self) -> bool | None:
        """None: not known."""
        return None if self.seen is None else not self.seen.problems
