from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from ledger.connection import connect, prepare
from ledger.ledger import Ledger
from ledger.redact import Redactor
from tests.ledger.values import SECRET


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(path, Redactor([SECRET])) as opened:
        yield opened


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """The ledger's tables on a connection of the test's own, each statement a transaction."""
    prepare(path, create=True)
    database = connect(path, Redactor([SECRET]), writable=True)
    yield database
    database.close()
