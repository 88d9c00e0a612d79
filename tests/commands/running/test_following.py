"""Following an operation: what happens, and how far the step is that runs now."""

from datetime import timedelta
from pathlib import Path

import pytest

from commands.document import Document, write_document
from commands.plan import Loss, Plan
from commands.running import following
from ledger import locks
from ledger.ledger import Ledger
from ledger.operations import OperationState, create, transition
from tests.ledger.values import ANNA, NOW

PLAN = Plan("restore", "shop", "", 0, None, "db1", (), (), None, Loss(None, None, ""), consequence="")


async def test_what_a_step_says_of_how_far_it_is_is_told_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LIVE_PAUSE", 0.0)
    monkeypatch.setattr(following, "LOOK_PAUSE", 0.001)
    told: list[str] = []
    words = ["", "10 %: 1 GB of 10 GB", "10 %: 1 GB of 10 GB", "20 %: 2 GB of 10 GB, about 8 min left"]
    async with await Ledger.open(tmp_path / "ledger.db") as ledger:
        made = await ledger.write(
            lambda db: create(
                db, kind="restore", cluster="shop", plan=write_document(Document("restore", "db1", None, PLAN)),
                plan_hash="0", requester=ANNA, reason="", channel=None, created_at=NOW,
                expires_at=NOW + timedelta(hours=1),
            )
        )  # fmt: skip
        await ledger.write(lambda db: transition(db, made.id, OperationState.APPROVED, at=NOW))
        fencing = await ledger.write(lambda db: locks.acquire(db, "shop", made.id, "us", at=NOW))
        await ledger.write(lambda db: transition(db, made.id, OperationState.RUNNING, at=NOW, fencing=fencing))

        async def tell(line: str) -> None:
            told.append(line)
            if line.startswith("  20 %"):
                await ledger.write(lambda db: transition(db, made.id, OperationState.FAILED, at=NOW))

        await following.follow(ledger, made.id, tell, lambda: words.pop(0) if len(words) > 1 else words[0])

    assert [line for line in told if line.startswith("  ")] == [
        "  10 %: 1 GB of 10 GB",
        "  20 %: 2 GB of 10 GB, about 8 min left",
    ]
