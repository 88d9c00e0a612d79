"""What waits for an administrator: a reboot, failed units, a clock that nothing sets. Pure."""

import re
from collections.abc import Mapping, Sequence

from servers.sections import Sections
from servers.watching.hosts.answers import Printed, absent, one_line, unknown, whole
from servers.watching.hosts.facts import Found, Reboot

_NO_SYSTEMD = re.compile(r"not been booted with systemd|Failed to connect to (?:bus|system scope bus)")
_UNIT = re.compile(r"^[\s*\u25cf]*(\S+\.(?:service|socket|mount|automount|timer|path|scope|swap|target))\s")
# They fetch news over the network and fail where there is none: nothing is wrong with the host then.
_NO_NEWS = frozenset({"motd-news.service", "apt-news.service", "esm-cache.service", "fwupd-refresh.service"})
_MODULES = re.compile(r"^(\d{1,12}) /lib/modules/([^/\s]+)/modules\.dep$")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_RELEASE = re.compile(r"[\d.-]+")
_NUMBER = re.compile(r"\d+")


def failed_units(printed: Printed | None) -> Found[tuple[str, ...]]:
    if printed is None:
        return absent("there is no systemd")
    if printed.exit_status != 0:
        return absent("systemd does not run here") if _NO_SYSTEMD.search(printed.text) else unknown(printed.reason)
    units = (match[1] for line in printed.lines if (match := _UNIT.match(line)))
    return Found(tuple(sorted(one_line(unit) for unit in units if unit not in _NO_NEWS)), "")


def synchronised(state: str | None, chrony: Printed | None) -> Found[bool]:
    """By the kernel; where that says no, by chrony, which may keep it to itself (without rtcsync)."""
    number = whole(state or "")
    if number is not None and number < _TIME_ERROR:
        return Found(True, "")
    lines = chrony.lines if chrony is not None else ()
    leap = next((line.partition(":")[2].strip() for line in lines if line.startswith("Leap status")), "")
    if leap:
        return Found(leap != "Not synchronised", "")
    if number is None:
        return unknown("neither perl nor python3 is there to ask the kernel, nor chronyc")
    return Found(number != _TIME_ERROR, "")


def reboot(found: Sections) -> Found[Reboot]:
    """By Debian's mark, and by a kernel of the same flavour that is newer than the one that runs."""
    now, running = whole(found.one("now") or ""), found.one("kernel")
    if now is None or not running:
        return unknown("the host does not tell its time or its kernel")
    since: dict[str, int] = {}
    mark = found.one("reboot_required")
    if mark is not None:
        since["the system asks for it (/run/reboot-required)"] = whole(mark) or now
    newer = {
        name: at for name, at in _kernels(found.values.get("kernel_installed", ())).items() if _newer(name, running)
    }
    if newer:
        newest = max(newer, key=_version)
        since[f"kernel {one_line(running)} runs, {one_line(newest)} is installed"] = min(newer.values())
    return Found(Reboot(tuple(since), float(max(0, now - min(since.values())))) if since else Reboot(), "")


def _kernels(lines: Sequence[str]) -> Mapping[str, int]:
    return {match[2]: int(match[1]) for line in lines if (match := _MODULES.match(line))}


def _newer(kernel: str, running: str) -> bool:
    return _flavour(kernel) == _flavour(running) and _version(kernel) > _version(running)


def _flavour(kernel: str) -> tuple[str, ...]:
    """What is left of "6.1.0-18-amd64" or "5.14.0-427.el9.x86_64" without its numbers, after the first dash."""
    return tuple(word for word in re.split(r"[\d.+~_-]+", kernel.partition("-")[2]) if word)


def _version(kernel: str) -> tuple[int, ...]:
    """6.1.0-18 of "6.1.0-18-amd64": what comes behind names the distribution or the flavour."""
    release = _RELEASE.match(kernel)
    return tuple(int(number[:9]) for number in _NUMBER.findall(release[0])) if release else ()
