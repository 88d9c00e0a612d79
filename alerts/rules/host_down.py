"""A host that answers to nobody, and one that answers too late now and then."""

from alerts.dependencies import Layer
from alerts.probes.host_answers import HOST_ANSWERS, HOST_TIMEOUTS
from alerts.rules.amounts import more_than
from alerts.rules.rule import Rule, no
from ledger.alerts import Severity

HOST_DOWN = Rule(
    name="host_down",
    observes=(HOST_ANSWERS,),
    title="{cluster}: the host of {subject} answers to nobody",
    resolved_title="{cluster}: the host of {subject} answers again",
    judge=no(HOST_ANSWERS, Severity.WARNING, "no answer to anybody", "an answer", "it answers"),
    hold=lambda thresholds: thresholds.host_down_for,
    critical_after=lambda thresholds: thresholds.host_down_critical_after,
    why="Neither Understudy nor the other server gets any answer: the machine is off, or cut off from both.",
    mend="Look at its console, or at what your provider says of it. Whether to fail over is said by the primary's own "
    "alert.",
    takes_down=(Layer.HOST,),
    # What is said of the primary there comes earlier, and offers what to do about it.
    hidden_by_same=("primary_down",),
    caused_by_operations=True,
)

HOST_TIMEOUTS_RULE = Rule(
    name="host_timeouts",
    observes=(HOST_TIMEOUTS,),
    title="{cluster}: the host of {subject} often answers too late",
    resolved_title="{cluster}: the host of {subject} answers in time again",
    judge=more_than(
        HOST_TIMEOUTS,
        Severity.WARNING,
        lambda thresholds: thresholds.host_timeouts,
        lambda count: f"{count:g} time-outs within a quarter of an hour",
        "it answers in time",
    ),
    hold=lambda _: 0.0,
    why="A host or a line that stalls now and then does so for clients and for replication too.",
    mend="Look at what its tasks wait for (its other alerts, /proc/pressure) and at the network on the way to it.",
    about=Layer.NETWORK,
    hidden_by_same=("cannot_see", "primary_down", "standby_down", "primary_unreachable"),
)
