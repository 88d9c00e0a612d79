"""What PostgreSQL counts of its work stays within what is usual: conflicts, temporary files, cache hits."""

from alerts.dependencies import Layer
from alerts.probes.activity_counters import CACHE_HIT, RECOVERY_CONFLICTS, TEMPORARY_BYTES
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown, above
from ledger.alerts import Severity
from ledger.quantities import bytes_text, count_text, share_text

CONFLICTS = Rule(
    name="recovery_conflicts",
    observes=(RECOVERY_CONFLICTS,),
    title="{cluster}: replay ends many queries on {subject}",
    resolved_title="{cluster}: replay lets queries on {subject} be",
    judge=above(
        RECOVERY_CONFLICTS,
        lambda thresholds: thresholds.recovery_conflicts,
        lambda value: f"{count_text(round(value), 'conflict')} in 10 min",
    ),
    hold=lambda thresholds: thresholds.recovery_conflicts_for,
    why="Replay needs what those queries still read, and ends them with an error.",
    mend="Let it wait longer (max_standby_streaming_delay), or let the primary keep the rows (hot_standby_feedback): "
    "the one costs lag, the other bloat.",
    about=Layer.LAG,
)

TEMPORARY_FILES = Rule(
    name="temporary_files",
    observes=(TEMPORARY_BYTES,),
    title="{cluster}: queries on {subject} write very large temporary files",
    resolved_title="{cluster}: temporary files on {subject} are small again",
    judge=above(
        TEMPORARY_BYTES,
        lambda thresholds: thresholds.temporary_bytes,
        lambda value: f"{bytes_text(value)} in 10 min",
    ),
    hold=lambda thresholds: thresholds.temporary_bytes_for,
    why="Sorts and hashes that do not fit into work_mem go over the disk: slow, and it may fill.",
    mend="log_temp_files names the queries. Give them an index or more work_mem; temp_file_limit stops a runaway one.",
    about=Layer.INSIDE,
)


def _cache_hit(reading: Reading) -> Result:
    hit, least = reading.value(CACHE_HIT), reading.thresholds.cache_hit_least
    if hit is None:
        return Unknown()
    if hit >= least:
        return Ok(f"{share_text(hit)} of blocks found")
    evidence = reading.evidence(CACHE_HIT)
    return Bad(Severity.WARNING, f"{share_text(hit)} of blocks found", f"at least {share_text(least)}", evidence)


LOW_CACHE_HIT = Rule(
    name="cache_hit",
    observes=(CACHE_HIT,),
    title="{cluster}: {subject} finds too little in its cache",
    resolved_title="{cluster}: {subject} finds enough in its cache again",
    judge=_cache_hit,
    hold=lambda thresholds: thresholds.cache_hit_for,
    why="Blocks that are not in shared_buffers come from the kernel's cache or the disk: queries take longer.",
    mend="Look for new queries that read whole tables, and whether shared_buffers still fits the work.",
    about=Layer.INSIDE,
)
