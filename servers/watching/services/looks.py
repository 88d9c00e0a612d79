"""Looks at all the watched services of a cluster at once."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from servers.errors import ServerUnreachable
from servers.inventory import Cluster
from servers.state import Answer, Outcome
from servers.watching.services.view import Seen, ServiceDown, ServiceView, WatchedPlace

LOOK_SECONDS = 5.0  # for one service
_MOST_AT_ONCE = 16

_log = logging.getLogger(__name__)


class ServiceLooks:
    """`places` by cluster. `clock` gives aware times in UTC."""

    def __init__(
        self,
        places: Mapping[str, Sequence[WatchedPlace]],
        clock: Callable[[], datetime],
        *,
        timeout: float = LOOK_SECONDS,
    ) -> None:
        self._places = places
        self._clock = clock
        self._timeout = timeout
        self._turn = asyncio.Semaphore(_MOST_AT_ONCE)

    async def look(self, cluster: Cluster) -> tuple[ServiceView, ...]:
        """A view a service, in the order of the settings. Never raises for what a service does or says."""
        places = self._places.get(cluster.name, ())
        return tuple(await asyncio.gather(*(self._view(place) for place in places)))

    def not_yet(self, cluster: Cluster) -> tuple[ServiceView, ...]:
        """The views before the first look: nothing is known."""
        answer = Answer(Outcome.NOT_ASKED, self._clock(), 0.0)
        return tuple(_view(place, answer) for place in self._places.get(cluster.name, ()))

    async def _view(self, place: WatchedPlace) -> ServiceView:
        async with self._turn:
            at, started = self._clock(), time.monotonic()

            def answer(outcome: Outcome, detail: str = "") -> Answer:
                return Answer(outcome, at, time.monotonic() - started, detail)

            try:
                # It keeps to its time by itself; this is for one that does not.
                async with asyncio.timeout(2 * self._timeout):
                    seen = await place.service.look(self._timeout)
            except ServiceDown as down:
                return _view(place, answer(Outcome.ANSWERED), Seen(problems=(str(down),)))
            except ServerUnreachable as error:
                return _view(place, answer(error.outcome, error.detail))
            except TimeoutError:
                return _view(place, answer(Outcome.TIMED_OUT, f"no end within {2 * self._timeout:g} s"))
            except Exception as error:
                _log.exception("the look at the service %s failed in an unforeseen way", place.name)
                return _view(place, answer(Outcome.FAILED, f"{type(error).__name__}"))
            return _view(place, answer(Outcome.ANSWERED), seen)


def _view(place: WatchedPlace, answer: Answer, seen: Seen | None = None) -> ServiceView:
    return ServiceView(place.subject, place.service.kind, answer, seen, place.server, place.critical)
