"""A host whose tasks wait: for processors, for memory, for its disks. Load alone is the least of these signs."""

from collections.abc import Callable

from alerts.dependencies import Layer
from alerts.probes.host_load import CPU_PRESSURE, IO_PRESSURE, LOAD_PER_CORE, MEMORY_PRESSURE
from alerts.rules.amounts import only_warns, too_much
from alerts.rules.rule import Rule
from alerts.thresholds import Thresholds
from ledger.quantities import share_text

_SLACK = 0.05

LOAD = Rule(
    name="load",
    observes=(LOAD_PER_CORE,),
    title="{cluster}: {subject} has been overloaded for long",
    resolved_title="{cluster}: the load of {subject} is usual again",
    judge=too_much(
        LOAD_PER_CORE,
        lambda limits: only_warns(limits.load_per_core),
        lambda load: f"load {load:.1f} a core over 15 min",
        lambda load: f"{load:g}",
    ),
    hold=lambda thresholds: thresholds.load_for,
    why="For half an hour several tasks a processor have wanted to run, or have waited for a disk.",
    mend="Look at what runs (top; pg_stat_activity by state and wait event), and at what was deployed before.",
    about=Layer.RESOURCES,
    caused_by_operations=True,
)


def _pressure(
    name: str,
    observation: str,
    title: str,
    limit: Callable[[Thresholds], float],
    hold: Callable[[Thresholds], float],
    why: str,
    mend: str,
) -> Rule:
    return Rule(
        name=name,
        observes=(observation,),
        title=f"{{cluster}}: {{subject}} {title}",
        resolved_title=f"{{cluster}}: {{subject}} no longer {title}",
        judge=too_much(
            observation,
            lambda thresholds: only_warns(limit(thresholds), _SLACK),
            lambda share: f"{share_text(share)} of the time",
            share_text,
        ),
        hold=hold,
        why=why,
        mend=mend,
        about=Layer.RESOURCES,
        caused_by_operations=True,
    )


CPU_PRESSURE_RULE = _pressure(
    "cpu_pressure",
    CPU_PRESSURE,
    "waits for processors",
    lambda thresholds: thresholds.cpu_pressure,
    lambda thresholds: thresholds.pressure_for,
    "There is nearly always some task that could run and has no processor: everything there takes longer.",
    "Look at what runs (top), at the queries that take most (pg_stat_statements), and at what was deployed before.",
)

IO_PRESSURE_RULE = _pressure(
    "io_pressure",
    IO_PRESSURE,
    "waits for its disks",
    lambda thresholds: thresholds.io_pressure,
    lambda thresholds: thresholds.pressure_for,
    "Most of the time nothing there can go on, because everything waits for a disk.",
    "Look at what reads and writes (iotop; pg_stat_activity with wait_event_type IO), at backups that run, and at the "
    "health of the drives.",
)

MEMORY_PRESSURE_RULE = _pressure(
    "memory_pressure",
    MEMORY_PRESSURE,
    "waits for memory",
    lambda thresholds: thresholds.memory_pressure,
    lambda thresholds: thresholds.memory_pressure_for,
    "The kernel looks for pages all the time while everything stands still: the next step is that it ends processes.",
    "Look at what takes the memory (top, by RES; connections times work_mem), and end that before the kernel chooses.",
)
