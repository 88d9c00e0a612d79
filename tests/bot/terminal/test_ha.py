"""`understudy ha`: what its process sets up around a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest
import structlog

from bot.settings import LogSettings
from bot.terminal import ha
from ledger.redact import Redactor

SECRET = "secret-of-replication"

pytestmark = pytest.mark.usefixtures("logging_as_it_was")


async def test_a_traceback_at_the_terminal_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one of the settings, and not one that a frame had in its hands."""

    @asynccontextmanager
    async def open_world(*_: object) -> AsyncIterator[Any]:
        yield SimpleNamespace(orders=None, dispatcher=AsyncMock(), redactor=Redactor(["of the settings"]))

    async def run(_: ha.Terminal) -> int:
        password = SECRET
        try:
            raise KeyError(f"of the settings, {len(password)}")
        except KeyError:
            structlog.get_logger("ours").exception("a step broke")
        return 0

    monkeypatch.setattr(ha, "open_world", open_world)
    monkeypatch.setattr(ha.Terminal, "run", run)
    settings: Any = SimpleNamespace(log=LogSettings())
    assert await ha.run_ha(settings, ["status"], reason=None, confirmation=None) == 0
    written = "".join(capsys.readouterr())
    assert "a step broke" in written
    assert SECRET not in written
    assert "of the settings" not in written
