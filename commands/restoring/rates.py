"""How fast restores of a cluster were, from the steps of earlier ones; a careful guess before the first."""

from dataclasses import dataclass

from commands.world import World
from ledger.recovery_rates import (
    LAID_OUT_BYTES,
    LAID_OUT_SECONDS,
    REPLAYED_BYTES,
    REPLAYED_SECONDS,
    recovery_rates,
)
from servers.inventory import Cluster

__all__ = (
    "LAID_OUT_BYTES",
    "LAID_OUT_SECONDS",
    "REPLAYED_BYTES",
    "REPLAYED_SECONDS",
    "Rates",
    "measured_rates",
)

_GUESS_LAY_OUT, _GUESS_REPLAY = 100e6, 30e6  # bytes a second


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes a second. `measured` says whether an earlier restore of this cluster told both."""

    lay_out: float = _GUESS_LAY_OUT
    replay: float = _GUESS_REPLAY
    measured: bool = False

    def seconds(self, size: int, wal: int) -> float:
        return size / self.lay_out + wal / self.replay


async def measured_rates(world: World, cluster: Cluster) -> Rates:
    found = await world.ledger.read(lambda db: recovery_rates(db, cluster.name))
    lay_out, replay = found.lay_out, found.replay
    return Rates(
        lay_out.bytes_a_second if lay_out else _GUESS_LAY_OUT,
        replay.bytes_a_second if replay else _GUESS_REPLAY,
        lay_out is not None and replay is not None,
    )
