"""The HTTP face over a real socket."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.http.health import Vitals
from bot.http.server import HttpServer
from tests.bot.http.test_health import WELL


class OneGauge(Collector):
    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("understudy_test", "A test.", value=7)


@pytest.fixture
async def base() -> AsyncIterator[str]:
    async def vitals() -> Vitals:
        return WELL

    server = HttpServer("127.0.0.1", 0, vitals, OneGauge())
    port = await server.start()
    yield f"http://127.0.0.1:{port}"
    await server.stop()


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/healthz", 200, "alive"), ("/readyz", 200, '"ready": true'), ("/metrics", 200, "understudy_test 7.0")],
)
async def test_what_is_served(base: str, path: str, status: int, words: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{base}{path}") as answer:
        assert answer.status == status
        assert words in await answer.text()


async def test_not_ready_is_503_with_reasons() -> None:
    async def vitals() -> Vitals:
        return Vitals(None, 0, 0, None, {}, 30.0, 0.0)

    server = HttpServer("127.0.0.1", 0, vitals, OneGauge())
    port = await server.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["reasons"] == ["no Socket Mode connection to Slack is open"]
    finally:
        await server.stop()
