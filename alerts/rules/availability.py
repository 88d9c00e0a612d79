"""Rules over who is up. The verdict behind them was judged from several viewpoints already."""

from dataclasses import replace

from alerts.dependencies import Layer
from alerts.probes.availability import (
    ONE_PRIMARY,
    PRIMARY_PRESENT,
    PRIMARY_REACHABLE,
    PRIMARY_UP,
    STANDBY_STREAMS,
    STANDBY_UP,
    SYNCHRONOUS_COMMIT_WAITS,
)
from alerts.rules.rule import Bad, Reading, Result, Rule, no
from ledger.alerts import Severity

PRIMARY_DOWN = Rule(
    name="primary_down",
    observes=(PRIMARY_UP,),
    title="{cluster}: primary {subject} is down",
    resolved_title="{cluster} has a working primary again",
    judge=no(
        PRIMARY_UP, Severity.CRITICAL, "{subject} takes no writes", "a primary that takes writes", "a primary answers"
    ),
    hold=lambda thresholds: thresholds.primary_down_for,
    why="Nothing can be written until a primary is back.",
    mend="If PostgreSQL only crashed, starting it again loses nothing. If the server will not be back within your "
    "RTO, fail over to the standby.",
    # About no layer: what has to be decided on now is nobody's consequence, not even that of a host that is down.
    takes_down=(Layer.POSTGRESQL, Layer.PRIMARY),
    caused_by_operations=True,
    offers_failover=True,
)

SPLIT_BRAIN = Rule(
    name="split_brain",
    observes=(ONE_PRIMARY,),
    title="{cluster} has two primaries (split brain)",
    resolved_title="{cluster} has one primary again",
    judge=no(ONE_PRIMARY, Severity.CRITICAL, "two servers take writes", "one primary", "one primary"),
    hold=lambda thresholds: thresholds.split_brain_for,
    why="Each may take writes that the other does not have. The longer it lasts, the more has to be merged by hand.",
    mend="Decide which one is right, and stop the other at once: /ha fence, where a failover has left it behind. "
    "Keep its data directory, and bring it back: /ha rejoin. Do not fail over.",
    takes_down=(Layer.PRIMARY,),
    never_quiet=True,
)

NO_PRIMARY = Rule(
    name="no_primary",
    observes=(PRIMARY_PRESENT,),
    title="{cluster} has no primary",
    resolved_title="{cluster} has a primary again",
    judge=no(PRIMARY_PRESENT, Severity.CRITICAL, "every server is in recovery", "one primary", "a primary answers"),
    hold=lambda thresholds: thresholds.no_primary_for,
    why="Every server is a standby: nothing can be written.",
    mend="Promote the server that has received most: /ha promote.",
    takes_down=(Layer.PRIMARY,),
    hidden_by=("primary_down",),
    caused_by_operations=True,
    offers_failover=True,
)

PRIMARY_UNREACHABLE = Rule(
    name="primary_unreachable",
    observes=(PRIMARY_REACHABLE,),
    title="{cluster}: primary {subject} cannot be reached from here",
    resolved_title="{cluster}: the primary can be reached again",
    judge=no(
        PRIMARY_REACHABLE, Severity.WARNING, "no answer to Understudy, others see it", "an answer", "a primary answers"
    ),
    hold=lambda thresholds: thresholds.primary_unreachable_for,
    why="Others still see the primary working, so it is the way from here to it that is broken. Until that is mended "
    "Understudy is half blind.",
    mend="Look at the network and the firewall between Understudy and this server. Do not fail over for this.",
    about=Layer.NETWORK,
    hidden_by=("primary_down",),
    caused_by_operations=True,
)


def _standby_up(reading: Reading) -> Result:
    """A warning, because writes go on; critical at once where commits wait for the standby that is gone."""
    result = no(STANDBY_UP, Severity.WARNING, "{subject} does not run", "a running standby", "it answers")(reading)
    return _worse_where_commits_wait(reading, result)


def _streams(reading: Reading) -> Result:
    result = no(STANDBY_STREAMS, Severity.WARNING, "{subject} does not stream", "streaming", "streaming")(reading)
    return _worse_where_commits_wait(reading, result)


def _worse_where_commits_wait(reading: Reading, result: Result) -> Result:
    if isinstance(result, Bad) and reading.value(SYNCHRONOUS_COMMIT_WAITS):
        waits = "commits wait: synchronous_standby_names asks for a standby that is not there"
        return replace(result, severity=Severity.CRITICAL, evidence=(*result.evidence, waits))
    return result


STANDBY_DOWN = Rule(
    name="standby_down",
    observes=(STANDBY_UP, SYNCHRONOUS_COMMIT_WAITS),
    title="{cluster}: standby {subject} is down",
    resolved_title="{cluster}: {subject} is up again",
    judge=_standby_up,
    hold=lambda thresholds: thresholds.standby_down_for,
    critical_after=lambda thresholds: thresholds.standby_critical_after,
    why="Writes go on, but there is nothing to fail over to, and the primary keeps WAL for it on its own disk.",
    mend="Start PostgreSQL there, or look at its host. After a failover this is the old primary: /ha rejoin.",
    about=Layer.POSTGRESQL,
    takes_down=(Layer.POSTGRESQL,),
    caused_by_operations=True,
)

REPLICATION_BROKEN = Rule(
    name="replication_broken",
    observes=(STANDBY_STREAMS, SYNCHRONOUS_COMMIT_WAITS),
    title="{cluster}: replication to {subject} is broken",
    resolved_title="{cluster}: replication to {subject} works again",
    judge=_streams,
    hold=lambda thresholds: thresholds.replication_broken_for,
    critical_after=lambda thresholds: thresholds.replication_critical_after,
    why="The standby runs but receives nothing: a failover now would lose every write since.",
    mend="Look at the standby's log and the network between the two. A missing slot or WAL that is gone needs a new "
    "copy of the standby.",
    about=Layer.REPLICATION,
    takes_down=(Layer.REPLICATION,),
    caused_by_operations=True,
)
