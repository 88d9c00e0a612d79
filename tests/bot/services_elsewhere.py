"""Stands for PagerDuty, Opsgenie and Grafana OnCall: speaks as much of their APIs as Understudy uses, and remembers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Elsewhere:
    """`answers`: by path, what is answered; `fails`: statuses that come first, one a request."""

    answers: dict[str, Any] = field(default_factory=dict)
    fails: list[int] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)  # method, path, query, body
    tokens: list[str] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path, dict(request.query), body))
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.fails:
            return web.Response(status=self.fails.pop(0))
        if request.path not in self.answers:
            return web.json_response({"status": "success"}, status=202)
        return web.json_response(self.answers[request.path])


@asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    stands = Elsewhere()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stands.answer)
    async with TestServer(app) as server:
        stands.url = str(server.make_url("")).rstrip("/")
        yield stands
