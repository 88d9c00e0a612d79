"""The results as a page for docs/."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from tests.faults.cell import LEFT_OUT, UNENDED, Cell
from tests.faults.kept import Kept

_HEADERS = (
    "Order",
    "Fault",
    "When",
    "Ended",
    "Rows",
    "Lost: received",
    "Lost: never received",
    "Primaries at once",
    "Seconds",
    "What people were told",
)
_LONGEST = 240  # characters of what people were told; its first lines say how it ended, and why

_INTRODUCTION = """\
# What happens when things break in the middle

Written by `make faults`. Each line is an order on a real pair over real SSH, with clients that write 100 rows a second,
and a real fault at that moment: “during” a step is when its intent is on disk and it acts, “after” it when its result
is, “before” is before anybody asks for the order. The servers are db1, the primary of the beginning, and db2.

- **Ended**: the state of the operation. “Refused”: a check failed, so the order could not even be asked for.
- **Rows** were acknowledged to clients. **Lost** are those of them that the primary of the end does not have.
  “Received” had reached the standby by then: there must be none, whatever the order. “Never received” had not: a
  switchover must have none of these either; a failover may, as its plan says before people approve, for a primary that
  is dead sends nothing any more.
- A line of a **rejoin** begins with a primary that is killed and a failover, so that there is something to bring back:
  what it lost “never received” is that failover's. The rejoin itself must lose nothing.
- **Primaries at once**: the most servers that took writes at the same moment, as clients found them.
- **Seconds**: the whole cell, a pair that is made for it and the way to the fault included.
"""

_NOT_PLAYED = "not played"
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")  # https://docs.slack.dev/messaging/formatting-message-text, "Dates"
_LABS_OWN = re.compile(r"(?:/[\w.+-]+)+/(?:understudy-lab-\d+/worlds/\w+|understudy-ledger-\w+)")
_BREAKS_A_TABLE = re.compile(r"([\\`*\[\]<>|~])")


def document(cells: Sequence[Cell], kept: Mapping[Cell, Kept], not_applying: Sequence[str]) -> str:
    """docs/faults.md: a line for each cell, whatever became of it."""
    lines = (_line(_HEADERS), _line(["---"] * len(_HEADERS)), *(_line(_row(cell, kept.get(cell))) for cell in cells))
    parts = (_INTRODUCTION, _summary(cells, kept), "\n".join(lines), "What makes no sense:", _list(not_applying))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def for_readers(told: str) -> str:
    """What people were told, in one line: without Slack's markup of dates and without the lab's own directories."""
    text = _LABS_OWN.sub("…", _DATE.sub(r"\1", told))
    return " ".join(text.split())


def _summary(cells: Sequence[Cell], kept: Mapping[Cell, Kept]) -> str:
    """How many hold, on which versions; what does not, and what was not played."""
    results = [one.result for one in kept.values()]
    hold = [result for result in results if result.played and not result.problems]
    wrong = [f"{result.cell.name}: {problem}" for result in results for problem in result.problems]
    unplayed = [cell.name for cell in cells if cell not in kept]
    left_out = [f"{result.cell.name}: {result.told}" for result in results if result.end == LEFT_OUT]
    parts = [f"**{len(hold)} of {len(cells)} cells hold.** {_versions(kept)}".strip()]
    for title, names in (("What does not hold:", wrong), ("Not played:", [*unplayed, *left_out])):
        if names:
            parts += [title, _list([_escaped(for_readers(name)) for name in names])]
    return "\n\n".join(parts)


def _versions(kept: Mapping[Cell, Kept]) -> str:
    """Of Understudy with how many cells each, where there are several; of PostgreSQL."""
    ours = Counter(one.version for one in kept.values())
    theirs = sorted({one.result.postgresql for one in kept.values()} - {""})
    if not ours:
        return ""
    words = [version if len(ours) == 1 else f"{version} ({count} of them)" for version, count in ours.items()]
    return f"Played on Understudy {', '.join(words)} with PostgreSQL {', '.join(theirs) or 'of no known version'}."


def _row(cell: Cell, kept: Kept | None) -> list[str]:
    name = [str(cell.order), cell.fault, str(cell.when)]
    if kept is None:
        return [*name, _NOT_PLAYED, "", "", "", "", "", ""]
    result = kept.result
    told = for_readers(result.told)
    told = told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
    if not result.played:
        return [*name, result.end, "", "", "", "", f"{result.seconds:.0f}", told]
    end = "did not end in time" if result.end == UNENDED else result.end
    never = result.lost - result.lost_received
    numbers = (result.acknowledged, result.lost_received, never, result.primaries)
    return [*name, end, *(str(number) for number in numbers), f"{result.seconds:.0f}", told]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """As it is, for a reader of the rendered table."""
    return _BREAKS_A_TABLE.sub(r"\\\1", text)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
