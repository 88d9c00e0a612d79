"""What is read from disk is what was written."""

from alerts.dependencies import Layer
from alerts.probes.checksums import CHECKSUM_FAILURES
from alerts.rules.rule import Rule, above
from ledger.alerts import Severity
from ledger.quantities import count_text

DAMAGED_PAGES = Rule(
    name="checksum_failures",
    observes=(CHECKSUM_FAILURES,),
    title="{cluster}: {subject} has read damaged pages",
    resolved_title="{cluster}: no damaged pages are counted on {subject} any more",
    judge=above(
        CHECKSUM_FAILURES,
        lambda thresholds: 0.0,
        lambda value: count_text(round(value), "page"),
        Severity.CRITICAL,
        threshold="none",
    ),
    hold=lambda thresholds: 0.0,
    why="Disk or memory has changed data. Queries on these pages fail, and the other server may still have them whole.",
    mend="Look at the host's disks and memory. A standby is copied anew; before a failover, see that the other server "
    "counts none. Once mended, SELECT pg_stat_reset() in that database ends this alert.",
    about=Layer.INSIDE,
)
