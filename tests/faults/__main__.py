"""`make faults`: the whole matrix, printed and kept in docs/faults.md. Exits with 1 when a cell does not hold."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from tests.faults.cell import Cell, Result
from tests.faults.matrix import DOES_NOT_APPLY, matrix
from tests.faults.play import play
from tests.faults.table import document

_DOCUMENT = Path("docs/faults.md")


async def play_all(cells: Sequence[Cell]) -> tuple[list[Result], list[str]]:
    """The results, and what could not be played here with the reason."""
    results, left_out = [], []
    for number, cell in enumerate(cells, 1):
        print(f"{number:3} of {len(cells)}  {cell.name} ...", end=" ", flush=True)
        try:
            result = await play(cell)
        except LabError as error:
            left_out.append(f"{cell.name}: {error}")
            print(f"left out: {error}", flush=True)
            continue
        results.append(result)
        print(f"{result.end}, {result.seconds:.0f} s; {'; '.join(result.problems) or 'holds'}", flush=True)
    return results, left_out


def _chosen(only: str, after: int) -> list[Cell]:
    return [cell for cell in matrix() if only in cell.name][after:]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="only cells whose name has this in it; nothing is kept then")
    parser.add_argument("--after", type=int, default=0, help="leave out so many cells; nothing is kept then")
    given = parser.parse_args()
    results, left_out = asyncio.run(play_all(_chosen(given.only, given.after)))
    text = document(results, left_out, DOES_NOT_APPLY)
    print(text)
    if not (given.only or given.after):
        _DOCUMENT.write_text(text, encoding="utf-8")
    return 1 if any(result.problems for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
