"""Redis replicates, saves, has room, and its Sentinels can fail over."""

from alerts.dependencies import Layer
from alerts.rules.amounts import too_much
from alerts.rules.rule import Limits, Rule, no
from ledger.alerts import Severity
from ledger.quantities import share_text
from servers.watching.services.redis_sentinel import QUORUM
from servers.watching.services.redis_server import MEMORY, PERSISTENCE, REPLICATION

REDIS_REPLICATION = Rule(
    name="redis_replication",
    observes=(REPLICATION,),
    title="{cluster}: {subject} does not replicate",
    resolved_title="{cluster}: {subject} replicates again",
    judge=no(REPLICATION, Severity.WARNING, "replication is down", "up", "it replicates"),
    hold=lambda thresholds: thresholds.redis_replication_for,
    why="What is written now is on one machine only, and a failover would lose it.",
    mend="INFO replication on both sides; the replica's log says why (masterauth, the network, "
    "client-output-buffer-limit replica).",
    about=Layer.MEASURE,
    caused_by_operations=True,
)

REDIS_MEMORY = Rule(
    name="redis_memory",
    observes=(MEMORY,),
    title="{cluster}: {subject} is running out of memory",
    resolved_title="{cluster}: {subject} has room again",
    judge=too_much(
        MEMORY,
        lambda limits: Limits(limits.redis_memory_warning, limits.redis_memory_critical, 0.02),
        lambda used: f"{share_text(used)} of maxmemory",
        share_text,
    ),
    hold=lambda thresholds: thresholds.redis_memory_for,
    why="With noeviction Redis refuses every write once maxmemory is reached.",
    mend="redis-cli --bigkeys and MEMORY STATS show what takes it; raise maxmemory, or let keys expire.",
    about=Layer.MEASURE,
)

REDIS_PERSISTENCE = Rule(
    name="redis_persistence",
    observes=(PERSISTENCE,),
    title="{cluster}: {subject} cannot save its data",
    resolved_title="{cluster}: {subject} saves its data again",
    judge=no(PERSISTENCE, Severity.CRITICAL, "saving fails", "saved", "its data are saved"),
    hold=lambda thresholds: thresholds.redis_persistence_for,
    why="A restart would lose what was written since, and with stop-writes-on-bgsave-error Redis refuses writes now.",
    mend="Its log says why: mostly the disk is full, or fork finds no memory (vm.overcommit_memory).",
    about=Layer.MEASURE,
)

REDIS_QUORUM = Rule(
    name="redis_quorum",
    observes=(QUORUM,),
    title="{cluster}: the Sentinels of {subject} cannot fail over",
    resolved_title="{cluster}: the Sentinels of {subject} can fail over again",
    judge=no(QUORUM, Severity.WARNING, "no quorum", "a quorum", "a quorum"),
    hold=lambda thresholds: thresholds.redis_quorum_for,
    why="If the master dies now, nobody takes its place.",
    mend="See which Sentinel is missing: SENTINEL SENTINELS with the master's name. Start it, or mend the way to it.",
    about=Layer.MEASURE,
)
