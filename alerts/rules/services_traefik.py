"""Traefik routes as it was told, to servers that are there, and alike on all instances."""

from alerts.dependencies import Layer
from alerts.rules.rule import Rule, no
from ledger.alerts import Severity
from servers.watching.services.traefik import ALIKE, CONFIGURED, SERVERS_UP

TRAEFIK_CONFIGURED = Rule(
    name="traefik_configured",
    observes=(CONFIGURED,),
    title="{cluster}: {subject} has routers or services with errors",
    resolved_title="{cluster}: the routers and services of {subject} are without errors",
    judge=no(CONFIGURED, Severity.WARNING, "with errors", "enabled", "all are enabled"),
    hold=lambda thresholds: thresholds.traefik_for,
    why="Requests for such a router get no answer but 404.",
    mend="Its dashboard shows the error at the router; mend the labels or the file it comes from.",
    about=Layer.MEASURE,
)

TRAEFIK_SERVERS = Rule(
    name="traefik_servers",
    observes=(SERVERS_UP,),
    title="{cluster}: {subject} has servers that are down",
    resolved_title="{cluster}: all servers of {subject} are up",
    judge=no(SERVERS_UP, Severity.WARNING, "servers are down", "UP", "all are up"),
    hold=lambda thresholds: thresholds.traefik_for,
    why="Those that are left carry the load; where none is left, clients get 503.",
    mend="Look at the servers that the evidence names, and at their health check.",
    about=Layer.MEASURE,
    caused_by_operations=True,
)

TRAEFIK_DRIFT = Rule(
    name="traefik_drift",
    observes=(ALIKE,),
    title="{cluster}: the instances of {subject} route differently",
    resolved_title="{cluster}: the instances of {subject} route alike again",
    judge=no(ALIKE, Severity.WARNING, "routers differ", "the same routers", "they are alike"),
    hold=lambda thresholds: thresholds.traefik_drift_for,
    why="What clients reach depends on which instance they meet; after a failover something may be missing.",
    mend="Bring the instance that is behind up to date: its provider's files or labels, then its log.",
    about=Layer.MEASURE,
    caused_by_operations=True,
)
