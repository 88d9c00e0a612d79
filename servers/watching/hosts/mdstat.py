"""/proc/mdstat: the state of software RAID. Pure; printed by drivers/md/md.c (md_seq_show, status_resync)."""

import re
from collections.abc import Sequence

from servers.watching.hosts.answers import one_line
from servers.watching.hosts.facts import Array

_HEAD = re.compile(r"^(md[\w.-]*)\s*:\s*(active|inactive|broken)\s*(.*)$")
_MEMBERS = re.compile(r"\[(\d{1,5})/(\d{1,5})\]\s*\[([U_]+)\]")
_ACTIVITY = re.compile(r"(recovery|resync|reshape|check|repair)\s*=\s*([\d.]+%)(?:.*?finish=(\S+))?")
_WAITS = re.compile(r"(recovery|resync|reshape|check|repair)=(PENDING|DELAYED|REMOTE)")
# A container of a firmware's RAID (IMSM, DDF) is always inactive: the arrays in it are listed by themselves.
_CONTAINER = re.compile(r"super external:(?:imsm|ddf)")


def arrays(lines: Sequence[str]) -> tuple[Array, ...]:
    """The arrays, in order; none where there is no software RAID."""
    found: list[Array] = []
    for head, body in _paragraphs(lines):
        name, state, rest = head
        if state == "inactive" and _CONTAINER.search(body):
            continue
        words = rest.split()
        members = _MEMBERS.search(body)
        faulty = tuple(word.partition("[")[0] for word in words if word.endswith("(F)"))
        found.append(
            Array(
                name=name,
                level=next((word for word in words if "[" not in word and not word.startswith("(")), ""),
                missing=members[3].count("_") if members else 0,
                faulty=faulty,
                inactive=state != "active",
                activity=_activity(body),
            )
        )
    return tuple(found)


def _paragraphs(lines: Sequence[str]) -> list[tuple[tuple[str, str, str], str]]:
    found: list[tuple[tuple[str, str, str], str]] = []
    for line in lines:
        head = _HEAD.match(line)
        if head:
            found.append(((head[1], head[2], head[3]), ""))
        elif found and line.startswith((" ", "\t")):
            found[-1] = (found[-1][0], f"{found[-1][1]} {line}")
    return found


def _activity(body: str) -> str:
    under_way = _ACTIVITY.search(body)
    if under_way:
        finish = f", done in {under_way[3]}" if under_way[3] else ""
        return one_line(f"{under_way[1]} {under_way[2]}{finish}")
    waits = _WAITS.search(body)
    return f"{waits[1]} {waits[2].lower()}" if waits else ""
