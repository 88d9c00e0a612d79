"""Containers do not die again and again."""

from alerts.dependencies import Layer
from alerts.rules.amounts import more_than
from alerts.rules.rule import Rule
from ledger.alerts import Severity
from servers.watching.services.docker_containers import RESTARTS

CONTAINER_RESTARTS = Rule(
    name="container_restarts",
    observes=(RESTARTS,),
    title="{cluster}: {subject} is restarted again and again",
    resolved_title="{cluster}: {subject} stays up",
    judge=more_than(
        RESTARTS,
        Severity.WARNING,
        lambda thresholds: thresholds.container_restarts,
        lambda count: f"{count:.0f} restarts in 15 min",
        "it stays up",
    ),
    hold=lambda thresholds: 0.0,
    why="Docker starts it again each time, so it looks well between two deaths.",
    mend="docker logs and docker inspect on that host say why it ends: its exit status, or want of memory.",
    about=Layer.MEASURE,
    caused_by_operations=True,
)
