"""`make faults`: every cell of the matrix, two at once; their results are kept in docs/faults.md.

Each result is kept as soon as its cell ends: --resume plays only what has none yet. Exits with 1 when a cell does not
hold.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.cell import Cell
from tests.faults.kept import Keeper, Kept
from tests.faults.matrix import DOES_NOT_APPLY, matrix
from tests.faults.playing import play_each
from tests.faults.table import document
from tests.faults.version import version_of_this

_DOCUMENT = Path("docs/faults.md")
_KEPT = Path(".faults/results.jsonl")


def _play(cells: Sequence[Cell], keeper: Keeper, at_once: int) -> None:
    """Plays, keeps and prints one after another, as they end."""
    version, began = version_of_this(), time.monotonic()
    for number, result in enumerate(play_each(cells, at_once), 1):
        keeper.keep(Kept(result, version))
        at = f"{number:3} of {len(cells)}  {time.monotonic() - began:5.0f} s"
        holds = "; ".join(result.problems) or "holds"
        print(f"{at}  {result.cell.name}: {result.end}, {result.seconds:.0f} s; {holds}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--resume", action="store_true", help="play only the cells of which no result is kept")
    choice.add_argument(
        "--only",
        action="append",
        metavar="TEXT",
        help="play only cells whose name has this in it, and keep their results; may be given more than once",
    )
    choice.add_argument("--table", action="store_true", help="play nothing: write the page from what is kept")
    parser.add_argument("--at-once", type=int, default=2, help="how many cells are played at once (default: 2)")
    return parser.parse_args()


def main() -> int:
    given, cells, keeper = _arguments(), matrix(), Keeper(_KEPT)
    if given.only:
        chosen = [cell for cell in cells if any(text in cell.name for text in given.only)]
    elif given.table:
        chosen = []
    elif given.resume:
        chosen = [cell for cell in cells if cell not in keeper.all(cells)]
    else:
        keeper.begin_anew()
        chosen = list(cells)
    _play(chosen, keeper, given.at_once)
    kept = keeper.all(cells)
    if not given.only:
        _DOCUMENT.write_text(document(cells, kept, DOES_NOT_APPLY), encoding="utf-8")
        print(f"{_DOCUMENT} is written.")
    return 1 if any(kept[cell].result.problems for cell in chosen or kept) else 0


if __name__ == "__main__":
    sys.exit(main())
