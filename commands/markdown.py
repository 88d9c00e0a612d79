"""Texts and tables as Markdown in which nothing that people or servers wrote is markup. Pure."""

from collections.abc import Iterable, Sequence

# What Markdown would take for markup of its own, and what ends a cell of a table.
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~!"})


def as_text(text: str) -> str:
    """On one line, and nothing of it is markup."""
    return " ".join(text.split()).translate(_MARKUP)


def as_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Nothing where there are no rows."""
    lines = [_row(row) for row in rows]
    return "\n".join((_row(headers), _row(["---"] * len(headers), as_is=True), *lines)) if lines else ""


def _row(cells: Sequence[str], *, as_is: bool = False) -> str:
    return f"| {' | '.join(cell if as_is else as_text(cell) for cell in cells)} |"
