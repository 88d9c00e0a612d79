"""What depends on what, from the machine up: by this graph an alert is known to be another's consequence. Pure.

    host ── PostgreSQL ──┬── what goes on inside it
      │                  ├── replication ── lag
      │                  └── what is asked of it (Patroni, backups taken there)
      │       primary ───┴── replication, archive, Patroni's leader, clients
      ├── service ── what is measured of it
      └── resources (disk, memory, clock)

A rule says which layer it is `about`, and which layers its alert `takes_down`. Adding a kind of thing to watch means
adding a layer here, with what it needs.
"""

from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """A kind of thing that can be down, or that cannot be well while what it needs is down."""

    HOST = "host"  # the machine of a server, or of a service
    RESOURCES = "resources"  # of a host: disk, memory, clock
    SERVICE = "service"  # a program other than PostgreSQL, a container, a health endpoint
    MEASURE = "measure"  # of a service: latency, error rate, waiting clients
    POSTGRESQL = "postgresql"  # one server's
    INSIDE = "inside"  # what goes on in one server: connections, locks, vacuum, settings
    PRIMARY = "primary"  # that the cluster has one that takes writes
    REPLICATION = "replication"  # to one standby
    LAG = "lag"  # of one standby
    ARCHIVE = "archive"  # of the cluster's WAL
    LEADER = "leader"  # that Patroni holds the key for one
    DCS = "dcs"  # where that key lies
    MEMBER = "member"  # Patroni's view of one server
    CLIENTS = "clients"  # where the traffic leads them
    NETWORK = "network"  # the way from one host to another, or from here to it


@dataclass(frozen=True, slots=True)
class Need:
    """What must be well for a layer to be. `anywhere`: wherever in the cluster, and not only for the same thing."""

    layer: Layer
    anywhere: bool = False


NEEDS: dict[Layer, tuple[Need, ...]] = {
    Layer.RESOURCES: (Need(Layer.HOST),),
    Layer.NETWORK: (Need(Layer.HOST),),
    Layer.SERVICE: (Need(Layer.HOST),),
    Layer.MEASURE: (Need(Layer.SERVICE),),
    Layer.POSTGRESQL: (Need(Layer.HOST),),
    Layer.INSIDE: (Need(Layer.POSTGRESQL),),
    Layer.REPLICATION: (Need(Layer.POSTGRESQL), Need(Layer.PRIMARY, anywhere=True)),
    Layer.LAG: (Need(Layer.REPLICATION),),
    Layer.ARCHIVE: (Need(Layer.PRIMARY, anywhere=True),),
    Layer.LEADER: (Need(Layer.PRIMARY, anywhere=True), Need(Layer.DCS, anywhere=True)),
    Layer.MEMBER: (Need(Layer.POSTGRESQL), Need(Layer.REPLICATION), Need(Layer.LEADER, anywhere=True)),
    Layer.CLIENTS: (Need(Layer.PRIMARY, anywhere=True),),
}


def depends(about: Layer, subject: str, down: Layer, down_subject: str) -> bool:
    """Whether the one cannot be well while the other is down, by however many steps. Nothing depends on its own layer:
    two alerts about one thing stand beside each other."""
    return any(
        (need.layer is down and (need.anywhere or is_part(subject, down_subject)))
        or depends(need.layer, subject, down, down_subject)
        for need in NEEDS.get(about, ())
    )


def is_part(subject: str, whole: str) -> bool:
    """Whether a subject is the whole or a part of it: "db1 /data" is of "db1". Subjects grow word by word."""
    return subject == whole or subject.startswith(f"{whole} ")
