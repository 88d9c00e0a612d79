"""POST /notes: a pipeline's note is one record of the audit log, for who has the token."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot.http.notes import NotesHook
from ledger.audit import Actor, AuditKind, recent
from ledger.ledger import Ledger

TOKEN = "0123456789abcdef-token"
NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield ledger


@pytest.fixture
async def client(ledger: Ledger) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(NotesHook(SecretStr(TOKEN), ledger, ("shop",), lambda: NOW).routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def post(client: Client, body: object, token: str = TOKEN) -> int:
    answer = await client.post("/notes", json=body, headers={"Authorization": f"Bearer {token}"})
    return answer.status


async def test_it_stands_in_the_audit_log_once(client: Client, ledger: Ledger) -> None:
    note = {"note": "deploy\n214", "cluster": "shop", "by": "CI", "id": "run-77"}
    assert [await post(client, note) for _ in range(2)] == [200, 200]
    (record,) = await ledger.read(lambda db: recent(db, 9, kinds=(AuditKind.NOTE,)))
    assert (record.entry.cluster, record.entry.details) == ("shop", {"note": "deploy 214"})
    assert record.entry.actor == Actor("webhook", "CI", "http")


@pytest.mark.parametrize(
    "body",
    [[], {}, {"note": ""}, {"note": "\x1b"}, {"note": "x" * 301}, {"note": "x", "cluster": "mars"}, {"note": 1}],
)
async def test_what_makes_no_sense_leaves_nothing(client: Client, ledger: Ledger, body: object) -> None:
    assert await post(client, body) == 400
    assert await ledger.read(lambda db: recent(db, 9)) == []


async def test_without_the_token_nobody_writes(client: Client, ledger: Ledger) -> None:
    assert await post(client, {"note": "deploy"}, "wrong") == 401
    assert await ledger.read(lambda db: recent(db, 9)) == []
    assert NotesHook(None, ledger, (), lambda: NOW).routes() == ()
