"""Queries as people may see them: without what somebody put into them, short, and in one line.

A literal may be a password, a name or a card number, and nobody can tell from outside: so none is shown. What is left
are keywords and identifiers, much as pg_stat_statements normalises a query. Comments go too: they may hold anything.
"""

import re
from collections.abc import Iterator

LONGEST = 160

# In the order of PostgreSQL's own scanner: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
# A literal or comment that the server cut off has no end: it goes to the end of the text.
_TOKEN = re.compile(
    r"""
      (?P<comment>    --[^\n]* | /\* )
    | (?P<escaped>    \b[eE]'(?:[^'\\]|\\.|'')*(?:'|\\?\Z) )
    | (?P<string>     (?:\b(?:[bBxXnN]|[uU]&))?'(?:[^']|'')*(?:'|\Z) )
    | (?P<dollar>     (?<![\w$])\$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z) )
    | (?P<identifier> "(?:[^"]|"")*(?:"|\Z) )
    | (?P<parameter>  \$\d+ )
    | (?P<number>     (?<![\w.])(?:0[xXoObB][0-9a-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?) )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_SPACE = re.compile(r"\s+")
# “IN (?, ?, ?)” tells no more than “IN (?)”, and takes a screen.
_LIST = re.compile(r"\?(?:\s*,\s*\?)+")


def shown_query(text: str) -> str:
    """The query without literals and comments, cut to fit a line. '' where there is none."""
    bare = _LIST.sub("?, …", "".join(_bare(text)))
    line = "".join(letter if letter.isprintable() else " " for letter in _SPACE.sub(" ", bare)).strip()
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"


def _bare(text: str) -> Iterator[str]:
    at = 0
    while (token := _TOKEN.search(text, at)) is not None:
        yield text[at : token.start()]
        at = token.end()
        match token.lastgroup:
            case "comment":
                yield " "
                at = _end_of_comment(text, token.start()) if token.group() == "/*" else at
            case "identifier" | "parameter":
                yield token.group()
            case "string" if token.group().endswith("\\'"):
                # By standard_conforming_strings it ends here or goes on: only what comes before is safe.
                yield "? …"
                return
            case _:
                yield "?"
    yield text[at:]


def _end_of_comment(text: str, start: int) -> int:
    """Comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)
