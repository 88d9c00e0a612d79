"""The HTTP face: /healthz, /readyz, /metrics, and Slack's requests where it runs in HTTP mode."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bot.http.health import Vitals, readiness

VitalsReader = Callable[[], Awaitable[Vitals]]
# What is still being answered at shutdown gets this long.
SHUTDOWN_SECONDS = 2.0


class HttpServer:
    """Serves on one address from `start` to `stop`. `routes` are Slack's, in HTTP mode."""

    def __init__(
        self, host: str, port: int, vitals: VitalsReader, metrics: Collector, routes: tuple[web.RouteDef, ...] = ()
    ) -> None:
        self._host, self._port = host, port
        self._vitals = vitals
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(metrics)
        self._routes = routes
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Serve; the port it listens on. OSError when the address is taken."""
        app = web.Application(client_max_size=1024 * 1024)
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
                *self._routes,
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        # Whoever reads this restarts the bot when it fails: only a dead loop may fail it, never a dead Slack.
        return web.json_response({"alive": True})

    async def _readyz(self, _: web.Request) -> web.Response:
        verdict = readiness(await self._vitals())
        body = {"ready": verdict.ready, "reasons": list(verdict.reasons)}
        return web.json_response(body, status=200 if verdict.ready else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        # The collector cannot wait for anything: what has to be asked for is asked for here, just before.
        await self._vitals()
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
