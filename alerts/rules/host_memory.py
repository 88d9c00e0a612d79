"""A host that runs out of memory or of file handles."""

from alerts.dependencies import Layer
from alerts.probes.host_memory import MEMORY_USED, OOM_KILLS, OPEN_FILES, SWAPPED_IN
from alerts.rules.amounts import more_than, only_warns, too_much
from alerts.rules.rule import Rule
from ledger.alerts import Severity
from ledger.quantities import bytes_text, share_text

MEMORY = Rule(
    name="memory",
    observes=(MEMORY_USED,),
    title="{cluster}: {subject} is running out of memory",
    resolved_title="{cluster}: {subject} has memory again",
    judge=too_much(
        MEMORY_USED,
        lambda limits: only_warns(limits.memory_used, 0.01),
        lambda used: f"{share_text(max(0.0, 1 - used))} available",
        lambda used: f"{share_text(used)} used",
    ),
    hold=lambda thresholds: thresholds.memory_for,
    why="When nothing is left the kernel ends a process, often PostgreSQL's, and that restarts all of PostgreSQL.",
    mend="Look at what takes it (top, by RES; connections times work_mem). Caches are counted as available already.",
    about=Layer.RESOURCES,
)

SWAPPING = Rule(
    name="swapping",
    observes=(SWAPPED_IN,),
    title="{cluster}: {subject} lives from swap",
    resolved_title="{cluster}: {subject} reads little from swap again",
    judge=too_much(
        SWAPPED_IN,
        lambda limits: only_warns(limits.swapped_in),
        lambda rate: f"{bytes_text(rate)} a second read from swap",
        lambda rate: f"{bytes_text(rate)} a second",
    ),
    hold=lambda thresholds: thresholds.swapped_in_for,
    why="What is needed all the time does not fit into memory: every query waits for a disk.",
    mend="Look at what takes the memory (top, by RES), and at work_mem, shared_buffers and what else runs there.",
    about=Layer.RESOURCES,
)

OUT_OF_MEMORY = Rule(
    name="out_of_memory",
    observes=(OOM_KILLS,),
    title="{cluster}: the kernel has ended processes on {subject} for want of memory",
    resolved_title="{cluster}: for an hour the kernel has ended nothing on {subject}",
    judge=more_than(
        OOM_KILLS,
        Severity.WARNING,
        lambda thresholds: thresholds.oom_kills,
        lambda count: f"{count:g} within the last hour",
        "none within the last hour",
    ),
    hold=lambda _: 0.0,
    why="It ends what is largest. Where that was one of PostgreSQL's processes, all of its connections broke off.",
    mend="journalctl -k --grep 'Out of memory' names it. Give containers limits, and PostgreSQL's main process "
    "OOMScoreAdjust=-900 (its unit).",
    about=Layer.RESOURCES,
)

FILE_HANDLES = Rule(
    name="file_handles",
    observes=(OPEN_FILES,),
    title="{cluster}: {subject} is running out of file handles",
    resolved_title="{cluster}: {subject} has file handles again",
    judge=too_much(
        OPEN_FILES,
        lambda limits: only_warns(limits.open_files, 0.05),
        lambda used: f"{share_text(used)} in use",
        share_text,
    ),
    hold=lambda _: 0.0,
    why="At the limit no file and no connection can be opened any more, by nobody.",
    mend="Look at who holds them (lsof), and raise fs.file-max; PostgreSQL's share is max_files_per_process times its "
    "connections.",
    about=Layer.RESOURCES,
)
