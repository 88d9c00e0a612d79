"""Autovacuum keeps up."""

from alerts.dependencies import Layer
from alerts.probes.autovacuum import DEAD_ROWS
from alerts.rules.rule import Rule, above

AUTOVACUUM_BEHIND = Rule(
    name="autovacuum_behind",
    observes=(DEAD_ROWS,),
    title="{cluster}: autovacuum on {subject} does not keep up",
    resolved_title="{cluster}: autovacuum on {subject} has caught up",
    judge=above(
        DEAD_ROWS,
        lambda thresholds: thresholds.dead_rows,
        lambda value: f"{value:.1f} times the dead rows it is due at",
    ),
    hold=lambda thresholds: thresholds.dead_rows_for,
    why="Tables full of dead rows grow, and every query on them reads more.",
    mend="Look for old transactions and slots that hold it back, and for tables where it is turned off. Then give it "
    "more autovacuum_vacuum_cost_limit, or VACUUM the table by hand.",
    about=Layer.INSIDE,
    # Until that ends, VACUUM could remove nothing either.
    hidden_by_same=("xmin_horizon", "long_transaction", "prepared_transaction"),
)
