"""Clients reach the primary, and nobody keeps them waiting but an operation that runs."""

from alerts.probes.traffic import CLIENTS_GO_ON, LEADS_TO_PRIMARY
from alerts.rules.rule import Rule, no
from ledger.alerts import Severity

CLIENTS_HELD = Rule(
    name="clients_held",
    observes=(CLIENTS_GO_ON,),
    title="{cluster}: clients wait at {subject}, and no operation holds them",
    resolved_title="{cluster}: clients of {subject} go on again",
    judge=no(CLIENTS_GO_ON, Severity.CRITICAL, "clients wait at {subject}", "clients go on", "clients go on"),
    hold=lambda thresholds: thresholds.clients_held_for,
    why="To the application the database stands still. Nothing ends this by itself.",
    mend="See who holds them: /ha operations. If nobody does, let them go by hand: for PgBouncer, RESUME on its admin "
    "console.",
    caused_by_operations=True,
)

TRAFFIC_ASTRAY = Rule(
    name="traffic_astray",
    observes=(LEADS_TO_PRIMARY,),
    title="{cluster}: {subject} does not lead clients to the primary",
    resolved_title="{cluster}: {subject} leads clients to the primary",
    judge=no(
        LEADS_TO_PRIMARY,
        Severity.CRITICAL,
        "{subject} leads clients to another server",
        "the primary",
        "it leads to the primary",
    ),
    hold=lambda thresholds: thresholds.traffic_astray_for,
    why="Clients that come this way cannot write, or write where nobody looks.",
    mend="Look: /ha status. If the primary is the right one, lead this target to it by hand; the order that moved the "
    "primary says in its report what failed.",
    hidden_by=("split_brain",),
    caused_by_operations=True,
)
