"""Replication is encrypted on its way."""

from alerts.dependencies import Layer
from alerts.probes.replication_encryption import REPLICATION_IN_THE_CLEAR
from alerts.rules.rule import Rule, above
from ledger.quantities import count_text

UNENCRYPTED_REPLICATION = Rule(
    name="replication_encryption",
    observes=(REPLICATION_IN_THE_CLEAR,),
    title="{cluster}: {subject} sends its WAL over the network unencrypted",
    resolved_title="{cluster}: {subject} sends its WAL encrypted",
    judge=above(
        REPLICATION_IN_THE_CLEAR,
        lambda thresholds: 0.0,
        lambda value: f"{count_text(round(value), 'receiver')} in the clear",
        threshold="TLS for all",
    ),
    hold=lambda thresholds: thresholds.replication_in_the_clear_for,
    why="Whoever can listen between the two reads every row that is written.",
    mend="Turn ssl on, and put sslmode=verify-full into the standby's primary_conninfo and hostssl into pg_hba.conf. "
    "Where the network itself is encrypted (a VPN), set unencrypted_replication = true for this cluster.",
    about=Layer.INSIDE,
)
