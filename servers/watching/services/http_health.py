"""A health endpoint over HTTP or HTTPS: its status, a word of its body, its latency, the life of its certificate."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from servers.watching.services.view import CERTIFICATE, LATENCY, LATENCY_LIMIT, Measure, Seen, Unit
from servers.watching.services.web import Page, Web, get_page


@dataclass(frozen=True, slots=True)
class HttpHealth:
    """`body` must stand in the answer; '' is any. `slow_after` in seconds; None: as the thresholds have it."""

    url: str = field(repr=False)
    web: Web = field(default_factory=Web)
    status: int = 200
    body: str = ""
    slow_after: float | None = None
    kind: str = "http"

    async def look(self, timeout: float) -> Seen:
        page = await get_page(self.url, self.web, timeout=timeout)
        return Seen(self._problems(page), page_measures(page, self.slow_after))

    def _problems(self, page: Page) -> tuple[str, ...]:
        if page.status != self.status:
            return (f"it answered {page.status}, not {self.status}",)
        if self.body and self.body not in page.text:
            return (f"it answered {page.status}, but “{self.body}” is not in it",)
        return ()


def page_measures(page: Page, slow_after: float | None = None) -> tuple[Measure, ...]:
    """What every answer over the web tells beside its body."""
    return (*_latency(page, slow_after), *_certificate(page))


def _latency(page: Page, slow_after: float | None) -> tuple[Measure, ...]:
    line = f"answered in {page.seconds:.3g} s"
    took = Measure(LATENCY, page.seconds, Unit.SECONDS, evidence=(line,))
    return (took,) if slow_after is None else (took, Measure(LATENCY_LIMIT, slow_after, Unit.SECONDS))


def _certificate(page: Page) -> tuple[Measure, ...]:
    if page.certificate_ends is None:
        return ()
    left = (page.certificate_ends - datetime.now(UTC)).total_seconds()
    line = f"its certificate ends on {page.certificate_ends:%Y-%m-%d %H:%M} UTC"
    return (Measure(CERTIFICATE, left, Unit.SECONDS, evidence=(line,)),)
