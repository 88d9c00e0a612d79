"""Results on disk: each is kept as soon as its cell ends, so that a run that was broken off can go on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from tests.faults.cell import Cell, Result


@dataclass(frozen=True, slots=True)
class Kept:
    """A result, and the version of Understudy that was played."""

    result: Result
    version: str


class Keeper:
    """A file with two columns, version and result, one line for each cell that has ended. Of a cell that was played
    again the last line counts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin_anew(self) -> None:
        """Forget what was kept."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text("", encoding="utf-8")

    def keep(self, kept: Kept) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{kept.version}\t{to_line(kept.result)}\n")

    def all(self, cells: Sequence[Cell]) -> Mapping[Cell, Kept]:
        """What is kept of these cells. A line that a killed run left half-written counts for nothing."""
        named = {cell.name: cell for cell in cells}
        found: dict[Cell, Kept] = {}
        for line in self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else ():
            version, _, text = line.partition("\t")
            try:
                result = from_line(named, text)
            except (json.JSONDecodeError, KeyError):
                continue  # half a line, or a cell that there is no longer
            found[result.cell] = Kept(result, version)
        return found


def to_line(result: Result) -> str:
    """JSON without a line break; the cell by its name."""
    values = {field.name: getattr(result, field.name) for field in fields(Result)}
    return json.dumps({**values, "cell": result.cell.name}, ensure_ascii=True)


def from_line(named: Mapping[str, Cell], line: str) -> Result:
    """KeyError where none of these cells has its name."""
    values = json.loads(line)
    return Result(**{**values, "cell": named[values["cell"]]})
