"""/rules/NAME: what a rule is about and what to do, by the thresholds of the settings."""

from dataclasses import replace

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from alerts.rules import RULES
from alerts.thresholds import Thresholds
from bot.http.rules import RulePages


async def test_every_rule_has_its_page_and_nothing_else_has() -> None:
    app = web.Application()
    evil = replace(RULES[0], name="evil", why="<script>alert(1)</script>")
    app.add_routes(RulePages((*RULES, evil), replace(Thresholds(), disk_warning=0.42)).routes())
    async with TestClient(TestServer(app)) as client:
        listed = await (await client.get("/rules")).text()
        assert all(f"/rules/{rule.name}" in listed for rule in RULES)
        disk = await (await client.get("/rules/disk")).text()
        assert "42 %" in disk
        assert "What to do" in disk
        assert "<script>" not in await (await client.get("/rules/evil")).text()
        assert (await client.get("/rules/nothing")).status == 404
