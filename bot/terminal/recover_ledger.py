"""What comes before anything else of a recovery: Understudy's own ledger, where there is none."""

from collections.abc import Callable, Iterator

from bot.ledger_copies.bring_back import BroughtBackLedger, bring_ledger_back
from bot.ledger_copies.opening import open_store
from bot.ledger_copies.place import copy_place
from bot.settings import Settings
from bot.wiring import utc_now
from servers.backups.offsite.store import s3_client

Say = Callable[[str], None]


async def recover_ledger(settings: Settings, say: Say) -> None:
    """Raises ActionFailed, and LedgerError where the copy is not whole: nothing was begun then."""
    path, place = settings.path(settings.ledger.path), copy_place(settings)
    if path.exists():
        say(f"The ledger {path} is here, and is used as it is.")
        return
    if place is None:
        say("The settings have no [ledger.offsite]: a new ledger is begun, and the old audit log does not come back.")
        return
    say("The ledger comes back from its newest copy off site.")
    back = await bring_ledger_back(path, place, utc_now)
    if back is None:
        say(f"There is no copy of the ledger in s3://{place.store.bucket}/{place.store.prefix}: a new one is begun.")
        return
    for line in lines_of(back):
        say(line)


async def would_come_back(settings: Settings) -> tuple[str, ...]:
    """Which copy it would be; nothing is brought. Raises ActionFailed."""
    place = copy_place(settings)
    if place is None:
        return ("The settings have no [ledger.offsite]: a new ledger would be begun.",)
    copy = await (await open_store(place, s3_client)).newest()
    if copy is None:
        return ("There is no copy of the ledger: a new one would be begun.",)
    return (
        f"The ledger would come back as of {copy.at:%Y-%m-%d %H:%M:%S} UTC, which ends with record {copy.end.records}.",
    )


def lines_of(back: BroughtBackLedger) -> Iterator[str]:
    """With which record it ends, and what was open in it. Pure."""
    copy = back.copy
    yield (
        f"The ledger is back as of {copy.at:%Y-%m-%d %H:%M:%S} UTC. Its audit log is whole and ends with record "
        f"{copy.end.records}; what was recorded later is lost."
    )
    for one in back.ended:
        yield f"{one.kind} {one.cluster} ({one.id}) was {one.state} by this: it was open in the copy. Look at it."
