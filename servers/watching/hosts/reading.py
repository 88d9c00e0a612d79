"""A host's whole answer to the slow look, taken apart. Whatever is in it, nothing here raises: what cannot be read is
unknown, topic by topic."""

from collections.abc import Mapping
from dataclasses import dataclass

from servers.sections import Sections, parse_sections
from servers.ssh import Completed
from servers.watching.hosts import proc_files
from servers.watching.hosts.answers import Printed, absent, printed, unknown, whole
from servers.watching.hosts.disks import file_systems
from servers.watching.hosts.drives import drives
from servers.watching.hosts.facts import Array, Drive, FileSystem, Found, Load, Memory, Reboot, Stall
from servers.watching.hosts.mdstat import arrays
from servers.watching.hosts.script import BLOCKS
from servers.watching.hosts.upkeep import failed_units, reboot, synchronised

_MDSTAT = "/proc/mdstat"
_NOTHING = Printed("", None)


@dataclass(frozen=True, slots=True)
class Counters:
    """What only ever grows, so that two looks tell how fast. Pages since the start, and processes."""

    swap_in: int | None
    swap_out: int | None
    oom_kills: int | None
    page_size: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer, without what only several tell. `drives` None: they were not asked for this time."""

    file_systems: Found[tuple[FileSystem, ...]]
    load: Found[Load]
    memory: Found[Memory]
    stalls: Found[tuple[Stall, ...]]
    open_files: Found[float]
    arrays: Found[tuple[Array, ...]]
    drives: Found[tuple[Drive, ...]] | None
    reboot: Found[Reboot]
    failed_units: Found[tuple[str, ...]]
    synchronised: Found[bool]
    counters: Counters
    tailscale: Printed | None
    port_lines: tuple[str, ...]
    way_lines: tuple[str, ...]


def read(completed: Completed) -> Reading | str:
    """What the script printed; a line that says what is wrong where it did not come to its end."""
    found = parse_sections(completed.stdout, BLOCKS)
    if found.one("done") is None:
        said = " ".join((completed.stderr or completed.stdout).split())[:160] or "no output"
        return f"the look at the host did not end as it should ({completed.exit_status}): {said}"
    files = proc_files.by_file(printed(found, "files") or _NOTHING)
    numbers = proc_files.counters(proc_files.by_file(printed(found, "counters") or _NOTHING))
    return Reading(
        file_systems=file_systems(
            files.get("/proc/self/mounts", ()), printed(found, "disks"), printed(found, "inodes")
        ),
        load=proc_files.load(files, whole(found.one("cores") or "")),
        memory=proc_files.memory(numbers),
        stalls=proc_files.stalls(files),
        open_files=proc_files.open_files(files),
        arrays=_arrays(files),
        drives=_drives(found),
        reboot=reboot(found),
        failed_units=failed_units(printed(found, "units")),
        synchronised=synchronised(found.one("clock_state"), printed(found, "chrony")),
        counters=_counters(numbers, whole(found.one("page") or "")),
        tailscale=printed(found, "tailscale"),
        port_lines=tuple(found.values.get("port", ())),
        way_lines=tuple(found.values.get("way", ())),
    )


def _arrays(files: Mapping[str, list[str]]) -> Found[tuple[Array, ...]]:
    lines = files.get(_MDSTAT)
    if lines is None:
        why = proc_files.refusal(files, _MDSTAT)
        return absent("there is no software RAID") if "No such file" in why else unknown(why)
    found = arrays(lines)
    return Found(found, "") if found else absent("there is no software RAID")


def _drives(found: Sections) -> Found[tuple[Drive, ...]] | None:
    if found.one("no_smartctl") is not None:
        return absent("smartctl is not installed")
    answer = printed(found, "drives")
    return drives(answer) if answer is not None else None


def _counters(numbers: Mapping[str, int], page_size: int | None) -> Counters:
    return Counters(numbers.get("pswpin"), numbers.get("pswpout"), numbers.get("oom_kill"), page_size or 4096)
