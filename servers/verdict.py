"""The one place where the state of a cluster is judged.

A primary is down only when more than one viewpoint says so: the bot's SQL, its SSH (the host's own view), and the
standby's view by its receiver and by its own try. What was not seen makes nothing healthy and nobody dead.
"""

from dataclasses import dataclass
from enum import StrEnum

from servers.evidence import evidence_of
from servers.inventory import Cluster
from servers.state import ClusterState, Outcome, PeerReply, WitnessView
from servers.views import View, views_of
from servers.votes import primary_is_down, primary_is_up


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


def judge(cluster: Cluster, state: ClusterState) -> Judgement:
    """What the look means. Pure and total: it never raises, and always says what it rests on."""
    views = views_of(cluster, state)
    primary = _primary(views)
    standbys = (view for view in views if view is not primary and not view.runs_as_primary)
    return Judgement(
        verdict=_verdict(views, primary, state.witness),
        primary=primary.name if primary else None,
        standbys=tuple(view.name for view in standbys if primary is not None or view.believed_standby),
        unknown=tuple(view.name for view in views if view.unknown),
        evidence=evidence_of(views, state.witness),
    )


def _primary(views: tuple[View, ...]) -> View | None:
    """The server that is the primary, else the one that was it: by what it says, its control data, or its last role."""
    running = [view for view in views if view.runs_as_primary]
    candidates = running or [view for view in views if view.believed_primary] or _by_elimination(views)
    return max(candidates, key=lambda view: view.claim, default=None)


def _by_elimination(views: tuple[View, ...]) -> list[View]:
    """When all others say that they are standbys, the one of which nothing is known must have been the primary."""
    unknown = [view for view in views if not view.believed_standby]
    others_speak = all(view.speaks for view in views if view not in unknown)
    return unknown if len(unknown) == 1 and len(views) > 1 and others_speak else []


def _verdict(views: tuple[View, ...], primary: View | None, witness: WitnessView | None) -> Verdict:
    if len({view.system_identifier for view in views if view.system_identifier}) > 1:
        return Verdict.NOT_A_PAIR
    running = [view for view in views if view.runs_as_primary]
    if len(running) > 1:
        return Verdict.SPLIT_BRAIN
    if primary is not None and primary.speaks:
        return _verdict_of_standbys(primary, [view for view in views if view is not primary])
    if primary is None:
        none_could_be = bool(views) and all(view.surely_standby for view in views)
        return Verdict.NO_PRIMARY if none_could_be else Verdict.UNKNOWN
    standbys = [view for view in views if view is not primary]
    witnessed = witness.reply(primary.name) if witness is not None else PeerReply.NOT_TRIED
    if primary_is_down(primary, standbys, witnessed):
        return Verdict.PRIMARY_DOWN
    return Verdict.PRIMARY_UNREACHABLE if primary_is_up(primary, standbys, witnessed) else Verdict.UNKNOWN


# The worst comes first: what one standby suffers from is not hidden by another that is well.
_SEVERITY = (
    Verdict.DIFFERENT_TIMELINES,
    Verdict.STANDBY_DOWN,
    Verdict.REPLICATION_BROKEN,
    Verdict.UNKNOWN,
    Verdict.HEALTHY,
)


def _verdict_of_standbys(primary: View, standbys: list[View]) -> Verdict:
    feeders = {view.name: view for view in (primary, *standbys) if view.speaks}
    # A cascading standby is fed by the one before it, and judged by what that one says of it.
    fed_by = ((feeders.get(standby.upstream or "", primary), standby) for standby in standbys)
    found = {_verdict_of_standby(feeder, standby) for feeder, standby in fed_by} or {Verdict.UNKNOWN}
    return next(verdict for verdict in _SEVERITY if verdict in found)


def _verdict_of_standby(feeder: View, standby: View) -> Verdict:
    fed = feeder.feeds(standby)
    if standby.sql is not None:
        if fed is None or standby.streams is None:
            return Verdict.UNKNOWN
        if fed and standby.streams:
            return Verdict.HEALTHY
        apart = feeder.sql is not None and standby.sql.timeline != feeder.sql.timeline
        return Verdict.DIFFERENT_TIMELINES if apart else Verdict.REPLICATION_BROKEN
    if standby.postmaster_gone or standby.sql_outcome is Outcome.STARTING:
        return Verdict.STANDBY_DOWN
    if fed is not False:
        return Verdict.UNKNOWN  # it may be well; we cannot see it
    return Verdict.REPLICATION_BROKEN if standby.alive else Verdict.STANDBY_DOWN
