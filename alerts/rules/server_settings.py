"""The settings in use are those that were written, and the servers of a cluster agree in them."""

from alerts.dependencies import Layer
from alerts.probes.server_settings import PENDING_RESTART, SETTINGS_DIFFER
from alerts.rules.rule import Rule, above
from ledger.quantities import count_text

SETTINGS_PENDING = Rule(
    name="settings_pending_restart",
    observes=(PENDING_RESTART,),
    title="{cluster}: settings of {subject} wait for a restart",
    resolved_title="{cluster}: the settings of {subject} are those in use",
    judge=above(
        PENDING_RESTART,
        lambda thresholds: 0.0,
        lambda value: f"{count_text(round(value), 'setting')} not in use yet",
        threshold="none",
    ),
    hold=lambda thresholds: thresholds.pending_restart_for,
    why="The next restart, be it a crash at night, brings them in, and nobody will think of it then.",
    mend="Restart it at a time of your choosing (/ha restart), or take the change back.",
    about=Layer.INSIDE,
)

SETTINGS_APART = Rule(
    name="settings_differ",
    observes=(SETTINGS_DIFFER,),
    title="{cluster}: {subject} is set up differently from the primary",
    resolved_title="{cluster}: {subject} is set up like the primary again",
    judge=above(
        SETTINGS_DIFFER,
        lambda thresholds: 0.0,
        lambda value: f"{count_text(round(value), 'setting')} differ" + ("s" if round(value) == 1 else ""),
        threshold="the same on both",
    ),
    hold=lambda thresholds: thresholds.settings_differ_for,
    why="After a failover its settings hold: other limits, another speed, or another promise to clients.",
    mend="Set them alike. Where a difference is meant, silence this for that server with the reason.",
    about=Layer.INSIDE,
    caused_by_operations=True,
)
