"""Clusters whose alerts come and go all day, for `bench.storm`: a seed makes the same day each time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from alerts.observation import Look
from servers.inventory import Cluster
from servers.lsn import Lsn
from servers.state import ClusterState, DiskUse, ServerState
from servers.verdict import Judgement, Verdict
from tests.alerts.looks import (
    CLUSTER,
    DB1,
    DB2,
    EVIDENCE,
    HEALTHY,
    HOST,
    MIB,
    STANDBY_SQL,
    gone,
)

DISKS = 8
CHANNELS = ("C0OPS", "C0GENERAL")
# Of a hundred steps so many change a disk, kill or mend the primary, the standby, or replay.
_DISK, _PRIMARY, _STANDBY = 80, 84, 88
_FULL, _FILLING, _ROOM = 95, 85, 40  # per cent


@dataclass(frozen=True, slots=True)
class Shape:
    """How a cluster is: the disks' use in per cent, and what is broken."""

    disks: tuple[int, ...] = (_ROOM,) * DISKS
    primary_down: bool = False
    standby_down: bool = False
    lagging: bool = False


def clusters(count: int) -> tuple[Cluster, ...]:
    """So many pairs, told in turn in the channels."""
    return tuple(
        replace(CLUSTER, name=f"shop{number}", channel=CHANNELS[number % len(CHANNELS)]) for number in range(count)
    )


class Day:
    """What happens, step by step. `clusters` is the whole estate."""

    def __init__(self, seed: int, estate: tuple[Cluster, ...]) -> None:
        self._random = Random(seed)  # noqa: S311 - the same day each time
        self._estate = estate
        self._rack: list[Cluster] = []
        self._shapes = {cluster.name: Shape() for cluster in estate}

    @property
    def all_at_once(self) -> bool:
        """Whether they fill up one after the other just now, within seconds."""
        return bool(self._rack)

    def step(self) -> Cluster:
        """Something changes on one cluster; now and then they fill up one after the other."""
        if not self._rack and self._random.randrange(200) == 0:
            self._rack = list(self._estate)
        if self._rack:
            cluster = self._rack.pop()
            self._shapes[cluster.name] = replace(self._shapes[cluster.name], disks=(_FILLING,) * DISKS)
            return cluster
        cluster = self._random.choice(self._estate)
        shape, chance = self._shapes[cluster.name], self._random.randrange(100)
        if chance < _DISK:
            number = self._random.randrange(DISKS)
            use = self._random.choice((_FULL, _FILLING, _ROOM))
            several = range(number, DISKS) if self._random.randrange(20) == 0 else (number,)
            disks = tuple(use if at in several else old for at, old in enumerate(shape.disks))
            shape = replace(shape, disks=disks)
        elif chance < _PRIMARY:
            shape = replace(shape, primary_down=not shape.primary_down)
        elif chance < _STANDBY:
            shape = replace(shape, standby_down=not shape.standby_down)
        else:
            shape = replace(shape, lagging=not shape.lagging)
        self._shapes[cluster.name] = shape
        return cluster

    def all_well(self) -> Iterator[Cluster]:
        """The day ends: everything is mended."""
        for cluster in self._estate:
            self._shapes[cluster.name] = Shape()
            yield cluster

    def look(self, cluster: Cluster, at: datetime) -> Look:
        """What the monitor would see of it."""
        shape = self._shapes[cluster.name]
        uses = tuple(
            DiskUse(f"/d{number}", f"/d{number}", 100 * MIB, use * MIB, (100 - use) * MIB)
            for number, use in enumerate(shape.disks)
        )
        primary = replace(DB1, host=replace(HOST, disks=uses))
        standby = DB2
        if shape.lagging:
            standby = replace(DB2, sql=replace(STANDBY_SQL, replay_lsn=Lsn(10 * MIB)))
        judgement = HEALTHY
        if shape.primary_down:
            primary = replace(gone(primary), host=replace(primary.host or HOST, postmaster_pid=None))
            judgement = _verdict(Verdict.PRIMARY_DOWN)
        elif shape.standby_down:
            standby, judgement = gone(DB2), _verdict(Verdict.STANDBY_DOWN)
        return Look(cluster, _state(cluster, at, primary, standby), judgement)


def _state(cluster: Cluster, at: datetime, *servers: ServerState) -> ClusterState:
    return ClusterState(cluster.name, at, servers, None)


def _verdict(of: Verdict) -> Judgement:
    return Judgement(of, "db1", ("db2",), (), EVIDENCE)
