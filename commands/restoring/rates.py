"""How fast restores of a cluster were, from the steps of earlier ones; a careful guess before the first."""

import json
from dataclasses import dataclass

from sqlite_utils import Database

from commands.world import World
from servers.inventory import Cluster

LAID_OUT_BYTES, LAID_OUT_SECONDS = "laid_out_bytes", "laid_out_seconds"
REPLAYED_BYTES, REPLAYED_SECONDS = "replayed_bytes", "replayed_seconds"
_GUESS_LAY_OUT, _GUESS_REPLAY = 100e6, 30e6  # bytes a second
_SHORTEST = 1.0  # seconds: what took less measures nothing

_FOUND = """
SELECT step.found AS found FROM step JOIN operation ON operation.id = step.operation_id
WHERE operation.cluster = :cluster AND operation.kind = 'restore' AND step.found IS NOT NULL
ORDER BY step.finished_at DESC LIMIT 40
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes a second. `measured` says whether an earlier restore of this cluster told both."""

    lay_out: float = _GUESS_LAY_OUT
    replay: float = _GUESS_REPLAY
    measured: bool = False

    def seconds(self, size: int, wal: int) -> float:
        return size / self.lay_out + wal / self.replay


async def measured_rates(world: World, cluster: Cluster) -> Rates:
    return await world.ledger.read(lambda db: _rates(db, cluster.name))


def _rates(db: Database, cluster: str) -> Rates:
    found = [json.loads(row["found"]) for row in db.query(_FOUND, {"cluster": cluster})]
    lay_out = _newest(found, LAID_OUT_BYTES, LAID_OUT_SECONDS)
    replay = _newest(found, REPLAYED_BYTES, REPLAYED_SECONDS)
    return Rates(lay_out or _GUESS_LAY_OUT, replay or _GUESS_REPLAY, lay_out is not None and replay is not None)


def _newest(found: list[dict[str, str]], amount: str, seconds: str) -> float | None:
    for one in found:
        if amount in one and float(one.get(seconds, "0")) >= _SHORTEST:
            return max(float(one[amount]) / float(one[seconds]), 1.0)
    return None
