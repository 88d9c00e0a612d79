"""The words of an expression, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Mistaken(Exception):
    """The expression cannot be used. `at` is the place in it, from one; the message says what is wrong there."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


class Kind(Enum):
    NUMBER = "number"
    NAME = "name"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    at: int  # from one
    number: float = 0.0


# As the settings have them: kB, MB, GB are powers of ten and KiB, MiB, GiB powers of two; m is minutes.
UNITS = {
    "%": 0.01,
    "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0,
    "b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
    "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40,
}  # fmt: skip
LONGEST = 1_000  # characters
_TOKEN = re.compile(
    r"""
      (?P<space>  \s+ )
    | (?P<number> \d+(?:\.\d+)?(?:[eE][+-]?\d+)? ) \s* (?P<unit> %|[A-Za-z]+ )?
    | (?P<name>   [A-Za-z_]\w* )
    | (?P<text>   "[^"]*"|'[^']*' )
    | (?P<sign>   <=|>=|==|!=|[-+*/<>()\[\],] )
    """,
    re.VERBOSE,
)
_WORDS = ("and", "or", "not")


def tokens(text: str) -> Iterator[Token]:
    """Ends with one of kind END. Raises Mistaken."""
    if len(text) > LONGEST:
        raise Mistaken(1, f"it has {len(text)} characters; {LONGEST} are enough for a rule")
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Mistaken(at + 1, f"{text[at]!r} means nothing here")
        kind, after = match.lastgroup, match.end()
        if match["number"]:
            unit = match["unit"] or ""
            apart = unit and match.start("unit") > match.end("number")
            if unit.lower() in _WORDS or (apart and unit.lower() not in UNITS):  # “5 and …”: a word of its own
                unit, after = "", match.end("number")
            if unit and unit.lower() not in UNITS:
                raise Mistaken(match.start("unit") + 1, f"{unit!r} is no unit; there are {', '.join(UNITS)}")
            yield Token(Kind.NUMBER, match["number"], at + 1, float(match["number"]) * UNITS.get(unit.lower(), 1.0))
        elif kind == "text":
            yield Token(Kind.TEXT, match["text"][1:-1], at + 1)
        elif kind in ("name", "sign"):
            yield Token(Kind(kind), match[0], at + 1)
        at = after
    yield Token(Kind.END, "", len(text) + 1)
