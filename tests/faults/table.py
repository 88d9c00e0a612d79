"""The results as a table, for the terminal and for docs/."""

from collections.abc import Sequence

from tests.faults.cell import Result

_HEADERS = (
    "Order",
    "Fault",
    "When",
    "Ended",
    "Rows acknowledged",
    "lost",
    "Primaries at once",
    "What people were told",
)
_LONGEST = 180

_INTRODUCTION = """\
# What happens when things break in the middle

Written by `make faults`: each line is an order on a real pair over real SSH, with clients writing, and a real fault at
that moment. “Rows” were acknowledged to clients; “lost” are those of them that the primary of the end does not have:
none after a switchover, and after a failover none that the standby had received (those in brackets). “Primaries at
once” is the most servers that took writes at the same moment. “Refused”: the order could not even be asked for.
"""


def document(results: Sequence[Result], left_out: Sequence[str], not_applying: Sequence[str]) -> str:
    """docs/faults.md."""
    lines = [_line(_HEADERS), _line(["---"] * len(_HEADERS)), *(_line(_cells(result)) for result in results)]
    wrong = [f"- {result.cell.name}: {problem}" for result in results for problem in result.problems]
    holds = f"{len(results) - len({line.split(': ')[0] for line in wrong})} of {len(results)} cells hold."
    parts = [_INTRODUCTION, "\n".join(lines), holds if not wrong else "\n".join(["What does not hold:", "", *wrong])]
    if left_out:
        parts.append("\n".join(["Not played here:", "", *(f"- {one}" for one in left_out)]))
    parts.append("\n".join(["What makes no sense:", "", *(f"- {one}" for one in not_applying)]))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _cells(result: Result) -> list[str]:
    cell = result.cell
    lost = f"{result.lost}" if cell.order == "switchover" else f"{result.lost} ({result.lost_received})"
    told = " ".join(result.told.split())
    told = told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
    when = str(cell.when)
    return [cell.order, cell.fault, when, result.end, str(result.acknowledged), lost, str(result.primaries), told]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
