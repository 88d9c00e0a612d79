"""The ledger's copies off site, tried for real: can one be encrypted here, and does the store answer?"""

import tempfile
from pathlib import Path

from bot.check.finding import Finding, Outcome, Unsuccessful, tried
from bot.ledger_copies.opening import open_store
from bot.ledger_copies.packing import pack
from bot.ledger_copies.place import CopyPlace, copy_place
from bot.settings import Settings
from servers.backups.offsite.store import s3_client
from servers.engines.engine import ActionFailed

SUBJECT, WHAT = "ledger", "copies off site"


async def check_ledger_copies(settings: Settings) -> list[Finding]:
    """Nothing is written to the store. Nothing where neither the ledger nor a cluster is to be off site."""
    place = copy_place(settings)
    if place is not None:
        return [await tried(SUBJECT, WHAT, lambda: _try(place))]
    if any(getattr(section.backups, "offsite", None) for section in settings.clusters.values()):
        mend = "set [ledger.offsite]: without it `understudy recover` begins a new ledger, and the audit log is lost"
        return [Finding(SUBJECT, WHAT, Outcome.WARNING, "not set", mend)]
    return []


async def _try(place: CopyPlace) -> str:
    try:
        with tempfile.TemporaryDirectory(prefix="understudy-") as directory:
            file = Path(directory) / "try"
            file.write_bytes(b"")
            await pack(file, Path(directory) / "packed", place.encryption)
        newest = await (await open_store(place, s3_client)).newest()
    except ActionFailed as failed:
        mend = "import the public keys for the user that the bot runs as, and look at bucket and credentials"
        raise Unsuccessful(str(failed), mend) from failed
    return f"the newest is of {newest.at:%Y-%m-%d %H:%M} UTC" if newest else "there is none yet"
