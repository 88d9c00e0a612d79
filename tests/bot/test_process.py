"""The bot as a process: what keeps it from starting is told, and it ends in time whatever is away."""

import asyncio
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bot import process
from bot.process import run_bot
from bot.settings import Settings, load_settings
from bot.settings_mistakes import SettingsError
from bot.wiring import utc_now
from bot.witness.reading import read_witnesses
from ledger.audit import AuditKind, recent
from ledger.audit_chain import Outside, verify
from ledger.audit_segments import ledger_id
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.outbox import due
from ledger.signing import new_key_file
from tests.bot.witness.conftest import NAME, REGION, Vault, moto_url, vault

__all__ = ["moto_url", "vault"]  # fixtures

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("logging_as_it_was")]

# Nothing listens at any of these addresses: servers and Slack are all away.
SETTINGS = """
[slack]
api_url = "http://127.0.0.1:9/api/"
bot_token = "xoxb-practice"
app_token = "xapp-practice"
[ledger]
path = "ledger.sqlite3"
[http]
port = 0
[rights]
view = ["everyone"]
[clusters.shop]
channel = "C0OPS"
"""
SERVER = """
[clusters.shop.servers.{name}]
conninfo = "host=127.0.0.{number} port=9 user=understudy"
[clusters.shop.servers.{name}.ssh]
host = "127.0.0.{number}"
port = 9
user = "postgres"
known_hosts = "known_hosts"
[clusters.shop.servers.{name}.service]
kind = "pg_ctl"
data_directory = "/data"
"""


def _settings(directory: Path, before: str = "", after: str = "") -> Settings:
    (directory / "known_hosts").touch()
    text = SETTINGS.replace(before, after) if before else SETTINGS
    servers = "".join(SERVER.format(name=f"db{number}", number=number + 1) for number in (1, 2))
    file = directory / "understudy.toml"
    file.write_text(text + servers)
    return load_settings(file)


async def _kinds(directory: Path) -> list[AuditKind]:
    async with await Ledger.open(directory / "ledger.sqlite3", create=False) as ledger:
        records = await ledger.read(lambda db: recent(db, 100))
    return [record.entry.kind for record in reversed(records)]


async def _recorded(directory: Path, kind: AuditKind) -> None:
    """Until such a record is there."""
    while True:
        # Until its schema is committed the file is there, and no ledger yet.
        with suppress(LedgerError):
            if kind in await _kinds(directory):
                return
        await asyncio.sleep(0.05)


async def test_it_starts_and_ends_in_time_while_servers_and_slack_are_away(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_bot(_settings(tmp_path)))
        async with asyncio.timeout(20):
            await _recorded(tmp_path, AuditKind.STARTED)
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    assert time.monotonic() - began < 10
    kinds = await _kinds(tmp_path)
    assert (kinds[:2], kinds[-1]) == ([AuditKind.STARTED, AuditKind.SETTINGS_LOADED], AuditKind.STOPPED)


async def test_with_a_key_everything_is_signed_up_to_its_end(tmp_path: Path) -> None:
    public = new_key_file(tmp_path / "audit.key")
    settings = _settings(tmp_path, "[http]", '[audit]\nsigning_key_file = "audit.key"\n[http]')
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_bot(settings))
        async with asyncio.timeout(20):
            await _recorded(tmp_path, AuditKind.STARTED)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    async with await Ledger.open(tmp_path / "ledger.sqlite3", create=False) as ledger:
        result = await ledger.read(lambda db: verify(db, outside=Outside(keys=(public,))))
    assert result.ok
    assert result.signed == result.count


async def test_the_signed_head_leaves_the_machine_by_s3_and_by_the_outbox(tmp_path: Path, vault: Vault) -> None:
    public = new_key_file(tmp_path / "audit.key")
    audit = f"""[audit]
signing_key_file = "audit.key"
post_channel = "C0AUDIT"
post_at = "00:00"
[audit.s3]
bucket = "{NAME}"
region = "{REGION}"
endpoint_url = "{vault.url}"
[http]"""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_bot(_settings(tmp_path, "[http]", audit)))
        async with asyncio.timeout(20):
            await _recorded(tmp_path, AuditKind.WITNESS_WRITTEN)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    async with await Ledger.open(tmp_path / "ledger.sqlite3", create=False) as ledger:
        name = await ledger.read(ledger_id)
        found = await asyncio.to_thread(read_witnesses, f"s3://{NAME}/understudy", REGION, vault.url, name)
        outside = Outside(keys=(public,), witnesses=found.witnesses)
        result = await ledger.read(lambda db: verify(db, outside=outside))
        cards = [delivery.item for delivery in await ledger.read(lambda db: due(db, utc_now()))]
        kinds = [record.entry.kind for record in reversed(await ledger.read(lambda db: recent(db, 100)))]
        stopped = kinds.index(AuditKind.STOPPED) + 1
    assert (result.ok, found.findings) == (True, ())
    # The end of this process has left the machine with it, and not only at the next start.
    assert result.witnessed == stopped
    assert kinds[stopped:] == [AuditKind.WITNESS_WRITTEN]
    assert [card.page.title for card in cards if card.channel == "C0AUDIT"] == ["Audit log: 2 records, signed"]


async def test_a_key_whose_file_system_hangs_is_told_like_a_wrong_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()
    monkeypatch.setattr(process, "witnesses_of", lambda settings: never.wait())
    monkeypatch.setattr(process, "OPENING_SECONDS", 0.05)
    try:
        with pytest.raises(SettingsError, match=r"audit\.signing_key_file: .* within 0\.05 s"):
            await run_bot(_settings(tmp_path))
    finally:
        never.set()
    assert await _kinds(tmp_path) == []


async def test_every_missing_token_is_named_before_anything_is_opened(tmp_path: Path) -> None:
    without = _settings(tmp_path, 'bot_token = "xoxb-practice"\napp_token = "xapp-practice"\n', "")
    with pytest.raises(SettingsError) as caught:
        await run_bot(without)
    assert [mistake.key for mistake in caught.value.mistakes] == ["slack.bot_token", "slack.app_token"]
    assert not (tmp_path / "ledger.sqlite3").exists()


async def test_a_port_that_is_taken_is_told_like_a_wrong_setting_and_nothing_was_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = _settings(tmp_path, "port = 0", f"port = {taken.getsockname()[1]}")
        with pytest.raises(SettingsError, match=r"http\.port"):
            await run_bot(settings)
    assert await _kinds(tmp_path) == []
