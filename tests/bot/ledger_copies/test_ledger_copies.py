"""The ledger's copies off site: what leaves the machine comes back, proven, and nothing of it is carried on."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from moto.s3.models import s3_backends
from sqlite_utils import Database
from typer.testing import CliRunner

from bot.ledger_copies.bring_back import bring_ledger_back
from bot.ledger_copies.keeper import LedgerCopyKeeper
from bot.ledger_copies.place import CopyPlace
from bot.terminal.main import app
from lab.accounts import Account
from ledger import locks
from ledger.audit import append
from ledger.audit_chain import verify
from ledger.brought_back import brought_back
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.operations import OperationState, create, get, transition
from ledger.outbox import due, put
from servers.backups.offsite.store import s3_client
from servers.engines.engine import ActionFailed
from servers.inventory import Encryption, OffsitePlace
from tests.bot.witness.conftest import moto_url
from tests.ledger.values import ANNA, NOW, entry, item
from tests.servers.backups.keys import key_ring, make_key

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

__all__ = ["moto_url"]  # a fixture

BUCKET = "far-away"
OURSELVES = Account("ourselves", os.geteuid(), os.getegid(), change=False)


@dataclass(frozen=True, slots=True)
class Far:
    url: str
    client: "S3Client"

    def place(self, keys: Encryption | None = None) -> CopyPlace:
        return CopyPlace(OffsitePlace(BUCKET, "night/", "us-east-1", self.url), 300.0, keys)

    def names(self) -> list[str]:
        rows = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return sorted(row["Key"].rpartition("/")[2] for row in rows)

    def newest(self) -> str:
        return [f"night/ledger/{name}" for name in self.names() if ".sqlite3" in name][-1]


@pytest.fixture
def far(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Far:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    s3_backends.reset()
    client = s3_client("us-east-1", moto_url)
    client.create_bucket(Bucket=BUCKET)
    return Far(moto_url, client)


@pytest.fixture
def keys() -> Iterator[Encryption]:
    with key_ring(OURSELVES) as home:
        yield Encryption((make_key(home, "ledger", OURSELVES),), str(home))


async def test_an_encrypted_copy_comes_back_and_says_with_which_record_it_ends(
    far: Far, keys: Encryption, tmp_path: Path
) -> None:
    path, new = tmp_path / "ledger.db", tmp_path / "new" / "ledger.db"
    keeper = LedgerCopyKeeper(path, far.place(keys), lambda: NOW)
    async with await Ledger.open(path) as ledger:
        await ledger.write(lambda db: append(db, entry("/ha status")))
        assert (await keeper.copy()) is not None, keeper.state()
        await ledger.write(lambda db: append(db, entry("/ha what the copy lacks")))

    back = await bring_ledger_back(new, far.place(keys), lambda: NOW + timedelta(hours=1))

    assert back is not None
    assert back.copy.end.records == 1
    assert back.copy.name.endswith(".gpg")
    stored = far.client.get_object(Bucket=BUCKET, Key=far.newest())["Body"].read()
    assert b"SQLite format" not in stored
    async with await Ledger.open(new, create=False) as ledger:
        assert (await ledger.read(verify)).ok
        (said,) = await ledger.read(brought_back)
    assert (said.records, said.sequence, said.copy) == (1, 2, back.copy.name)
    assert [each.name for each in new.parent.iterdir()] == ["ledger.db"]
    verified = await asyncio.to_thread(CliRunner().invoke, app, ["audit", "verify", "--ledger", str(new)])
    assert verified.exit_code == 0, verified.output
    assert f"from {back.copy.name}, which ends with record 1" in verified.output


async def test_every_change_is_a_version_of_its_own_and_nothing_is_sent_twice(far: Far, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    moments = (NOW + timedelta(seconds=number) for number in range(99))
    keeper = LedgerCopyKeeper(path, far.place(), lambda: next(moments))
    async with await Ledger.open(path) as ledger:
        assert await keeper.copy() is not None
        assert await keeper.copy() is None
        await ledger.write(lambda db: append(db, entry()))
        assert await keeper.copy() is not None
    assert len(far.names()) == 4
    state = keeper.state()
    assert state is not None
    assert state.copied_at == NOW + timedelta(seconds=3)


def ordered(db: Database, cluster: str, state: OperationState) -> str:
    made = create(
        db, kind="promote", cluster=cluster, plan="{}", plan_hash="0", requester=ANNA, reason="why", channel=None,
        created_at=NOW, expires_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    return transition(db, made.id, state, at=NOW).id


async def test_what_was_open_in_the_copy_is_ended_and_nothing_is_said_twice(far: Far, tmp_path: Path) -> None:
    path, new = tmp_path / "ledger.db", tmp_path / "new.db"
    async with await Ledger.open(path) as ledger:
        waiting = await ledger.write(lambda db: ordered(db, "shop", OperationState.AWAITING_APPROVAL))
        runs = await ledger.write(lambda db: ordered(db, "shed", OperationState.APPROVED))
        fencing = await ledger.write(lambda db: locks.acquire(db, "shed", runs, "another process", at=NOW))
        await ledger.write(lambda db: transition(db, runs, OperationState.RUNNING, at=NOW, fencing=fencing))
        await ledger.write(lambda db: put(db, item("card")))
        await LedgerCopyKeeper(path, far.place(), lambda: NOW).copy()

    back = await bring_ledger_back(new, far.place(), lambda: NOW)

    assert back is not None
    assert {one.id for one in back.ended} == {waiting, runs}
    async with await Ledger.open(new, create=False) as ledger:
        assert (await ledger.read(lambda db: get(db, waiting))).state is OperationState.EXPIRED
        assert (await ledger.read(lambda db: get(db, runs))).state is OperationState.FAILED
        assert await ledger.read(locks.holders) == []
        (card,) = await ledger.read(lambda db: due(db, NOW))
        assert card.look_first
        assert (await ledger.read(verify)).ok


async def test_a_copy_that_was_altered_is_passed_over_for_the_one_before_it(far: Far, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    moments = (NOW + timedelta(seconds=number) for number in range(99))
    keeper = LedgerCopyKeeper(path, far.place(), lambda: next(moments))
    async with await Ledger.open(path) as ledger:
        first = await keeper.copy()
        await ledger.write(lambda db: append(db, entry()))
        await keeper.copy()
    far.client.put_object(Bucket=BUCKET, Key=far.newest(), Body=b"cut short")

    back = await bring_ledger_back(tmp_path / "new.db", far.place(), lambda: NOW)

    assert back is not None
    assert back.copy == first


async def test_a_ledger_that_is_there_is_never_replaced(far: Far, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with await Ledger.open(path):
        await LedgerCopyKeeper(path, far.place(), lambda: NOW).copy()
    before = path.read_bytes()
    with pytest.raises(ActionFailed, match="is there: move it aside"):
        await bring_ledger_back(path, far.place(), lambda: NOW)
    assert path.read_bytes() == before


async def test_without_the_secret_key_nothing_comes_back_and_it_is_said(
    far: Far, keys: Encryption, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.db"
    async with await Ledger.open(path):
        await LedgerCopyKeeper(path, far.place(keys), lambda: NOW).copy()
    with key_ring(OURSELVES) as empty:
        without = Encryption(keys.recipients, str(empty))
        with pytest.raises(ActionFailed, match="gpg here says"):
            await bring_ledger_back(tmp_path / "new.db", far.place(without), lambda: NOW)
    assert not (tmp_path / "new.db").exists()


async def test_what_fails_is_remembered_for_the_alert(far: Far, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    nobody = Encryption(("0" * 40,), str(tmp_path))
    keeper = LedgerCopyKeeper(path, far.place(nobody), lambda: NOW)
    async with await Ledger.open(path):
        assert await keeper.copy() is None
    state = keeper.state()
    assert state is not None
    assert state.copied_at is None
    assert "gpg here says" in state.problem


def filled(db: Database) -> None:
    for number in range(50):
        append(db, entry(f"{'x' * 2000}{number}"))


async def test_a_damaged_ledger_is_not_copied(far: Far, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with await Ledger.open(path) as ledger:
        await ledger.write(filled)
    content = bytearray(path.read_bytes())
    written = content.index(b"x" * 400)
    content[written : written + 400] = b"?" * 400
    path.write_bytes(content)
    keeper = LedgerCopyKeeper(path, far.place(), lambda: NOW)

    assert await keeper.copy() is None

    assert far.names() == []
    state = keeper.state()
    assert state is not None
    assert state.problem
    assert LedgerError.__name__ not in state.problem
