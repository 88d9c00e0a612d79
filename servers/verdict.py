"""The one place where the state of a cluster is judged."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    HEALTHY = "healthy"
    STANDBY_DOWN = "standby down"
    REPLICATION_BROKEN = "replication broken"  # both up, but the standby does not stream
    PRIMARY_DOWN = "primary down"
    PRIMARY_UNREACHABLE = "primary unreachable from here only"
    NO_PRIMARY = "no primary"
    SPLIT_BRAIN = "two primaries"
    DIFFERENT_TIMELINES = "different timelines"
    NOT_A_PAIR = "not a pair at all"  # different system identifiers
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a look at a cluster means.

    `primary` is the server that is the primary, or was it when it was last seen; None if that is not known.
    `evidence` has one line a viewpoint: who looked, from where, and what was seen.
    """

    verdict: Verdict
    primary: str | None
    standbys: tuple[str, ...]
    unknown: tuple[str, ...]  # servers of which nothing is known now
    evidence: tuple[str, ...]
