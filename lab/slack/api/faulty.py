"""What a fault does to one call: refuse it, hold its answer back, or lose that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from lab.slack.errors import JSON
from lab.slack.faults import ApiFault, ApiFaultKind

ERROR_PAGE: Final = "<!DOCTYPE html><html><head><title>Server Error | Slack</title></head><body>Oops!</body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is sent. Without a body it is Slack's HTML error page."""

    body: JSON | None
    status: int = 200
    retry_after: int | None = None


def refused(fault: ApiFault | None) -> Answer | None:
    """The answer of a fault that keeps the work from being done; None if the work goes ahead."""
    if fault is None:
        return None
    if fault.kind is ApiFaultKind.RATE_LIMITED:
        return Answer({"ok": False, "error": "ratelimited"}, 429, retry_after=max(1, round(fault.seconds)))
    if fault.kind is ApiFaultKind.SERVER_ERROR:
        return Answer(None if fault.html else {"ok": False, "error": "internal_error"}, fault.status)
    if fault.kind is ApiFaultKind.HANGS:
        return Answer(None, 504)
    return None


async def arrives(fault: ApiFault | None, request: web.Request, closing: asyncio.Event) -> bool:
    """Holds the answer back as the fault has it, until the server closes at the latest; says whether it will arrive."""
    if fault is None:
        return True
    if fault.kind is ApiFaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
    elif fault.kind is ApiFaultKind.HANGS:
        await _until_given_up(request, closing)
        return False
    elif fault.kind is ApiFaultKind.ANSWER_LOST:
        if request.transport is not None:
            request.transport.abort()
        return False
    return True


async def _until_given_up(request: web.Request, closing: asyncio.Event) -> None:
    while request.transport is not None and not request.transport.is_closing() and not closing.is_set():
        try:
            await asyncio.wait_for(closing.wait(), 0.1)
        except TimeoutError:
            continue
