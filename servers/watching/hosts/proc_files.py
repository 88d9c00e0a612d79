"""What the files of /proc say: load, memory, pressure, file handles, mounts. Pure; documented in proc(5) and in the
kernel's Documentation/accounting/psi.rst."""

from collections.abc import Mapping, Sequence

from servers.watching.hosts.answers import Printed, fraction, unknown, whole
from servers.watching.hosts.facts import Found, Load, Memory, Stall

Files = Mapping[str, Sequence[str]]

_KIBIBYTE = 1024
_RESOURCES = ("cpu", "memory", "io")


def by_file(text: Printed) -> dict[str, list[str]]:
    """The lines of each file, as `grep -H` prints them, and under '' what it says of those that it cannot read."""
    files: dict[str, list[str]] = {}
    for line in text.lines:
        name, mark, rest = line.partition(":")
        of_file = mark and name.startswith("/proc/")
        files.setdefault(name if of_file else "", []).append(rest if of_file else line)
    return files


def refusal(files: Files, name: str) -> str:
    """Why a file could not be read."""
    said = next((line for line in files.get("", ()) if name in line), None)
    return f"{name}: {said.rpartition(': ')[2][:80]}" if said else f"{name} is not in the answer"


def load(files: Files, cores: int | None) -> Found[Load]:
    words = " ".join(files.get("/proc/loadavg", ())).split()
    numbers = [fraction(word) for word in words[:3]]
    if len(numbers) < 3 or None in numbers or not cores:
        return unknown(refusal(files, "/proc/loadavg") if not words else "the number of processors is not known")
    one, five, fifteen = (number or 0.0 for number in numbers)
    return Found(Load(one, five, fifteen, cores), "")


def open_files(files: Files) -> Found[float]:
    """The share of the handles that are in use: /proc/sys/fs/file-nr has those allocated, those free, the limit."""
    numbers = [whole(word) for word in " ".join(files.get("/proc/sys/fs/file-nr", ())).split()]
    if len(numbers) != 3 or None in numbers or not numbers[2]:
        return unknown(refusal(files, "/proc/sys/fs/file-nr"))
    allocated, free, limit = (number or 0 for number in numbers)
    return Found(max(0, allocated - free) / limit, "")


def stalls(files: Files) -> Found[tuple[Stall, ...]]:
    found = tuple(stall for name in _RESOURCES if (stall := _stall(name, files.get(f"/proc/pressure/{name}", ()))))
    if not found:
        return unknown(refusal(files, "/proc/pressure/cpu"))
    return Found(found, "")


def _stall(resource: str, lines: Sequence[str]) -> Stall | None:
    shares: dict[str, float] = {}
    for line in lines:
        kind, *words = line.split()
        average = next((word.partition("=")[2] for word in words if word.startswith("avg60=")), "")
        percent = fraction(average)
        if percent is not None:
            shares[kind] = min(100.0, percent) / 100
    return Stall(resource, shares["some"], shares.get("full")) if "some" in shares else None


def counters(files: Files) -> dict[str, int]:
    """The numbers of /proc/meminfo in bytes, of /proc/vmstat, and of ZFS's cache (`size`, `c_min`) in bytes."""
    found: dict[str, int] = {}
    for name, lines in files.items():
        for line in lines:
            words = line.replace(":", " ").split()
            value = (
                whole(words[1]) if name.endswith("meminfo") and len(words) > 1 else whole(words[-1]) if words else None
            )
            if value is not None:
                found[words[0]] = value * _KIBIBYTE if name.endswith("meminfo") else value
    return found


def memory(found: Mapping[str, int]) -> Found[Memory]:
    total, available = found.get("MemTotal"), found.get("MemAvailable")
    if total is None or available is None:
        return unknown("/proc/meminfo does not tell MemAvailable")
    usable = max(0, total - found.get("Hugetlb", 0))
    cache = max(0, found.get("size", 0) - found.get("c_min", 0))
    return Found(
        Memory(usable, min(usable, available + cache), found.get("SwapTotal", 0), found.get("SwapFree", 0)), ""
    )
