"""Web servers that answer as they are told, on a port of their own."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Reply:
    text: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Reply | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Website:
    """`asked` has what came, in order."""

    pages: Mapping[str, Answer]
    port: int = 0
    scheme: str = "http"
    asked: list[web.Request] = field(default_factory=list)

    def url(self, path: str = "/health", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        page = self.pages.get(request.path, Reply(status=404))
        if isinstance(page, Reply):
            return web.Response(text=page.text, status=page.status, headers=page.headers)
        return await page(request)


@asynccontextmanager
async def website(
    pages: Mapping[str, Answer], *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Website]:
    made = Website(pages, scheme="https" if tls else "http")
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0, ssl_context=tls).start()
        made.port = runner.addresses[0][1]
        yield made
    finally:
        await runner.cleanup()


def redirect(to: str) -> Reply:
    return Reply(status=302, headers={"Location": to})
