"""The store of the ledger's copies, connected to nothing yet."""

from bot.ledger_copies.place import CopyPlace
from bot.ledger_copies.store import StoredCopies
from servers.backups.offsite.store import ObjectStore
from servers.backups.offsite.stores import MakeClient
from servers.blocking import in_thread
from servers.engines.engine import ActionFailed

_MAKING_SECONDS = 30.0


async def open_store(place: CopyPlace, make_client: MakeClient) -> StoredCopies:
    """Raises ActionFailed."""
    where = place.store
    try:
        client = await in_thread(lambda: make_client(where.region, where.endpoint_url), _MAKING_SECONDS)
    except Exception as error:
        raise ActionFailed(f"the store of the ledger's copies cannot be used: {error}") from error
    return StoredCopies(ObjectStore(client, where.bucket), where.prefix)
