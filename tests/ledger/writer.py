"""A process that writes to a ledger until it is killed: `python -m tests.ledger.writer PATH NAME COUNT`.

Prints a line per committed change, after the commit.
"""

import asyncio
import sys

from sqlite_utils import Database

from ledger import audit, outbox
from ledger.ledger import Ledger
from tests.ledger.values import entry, item


async def write(path: str, name: str, count: int) -> None:
    async with await Ledger.open(path) as ledger:
        for number in range(count):

            def change(db: Database, key: str = f"{name}-{number}") -> int:
                record = audit.append(db, entry(f"/ha status {key}", key=key))
                outbox.put(db, item(f"card {key}"))
                return record.sequence

            print(await ledger.write(change), f"{name}-{number}", flush=True)


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3])))
