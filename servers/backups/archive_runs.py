"""The listing of an archive that a script makes on its host: runs of segments, so that it is small for any archive.

The lines are "@run FIRST LAST BEGAN ENDED" (names, seconds since 1970) and "@history TIMELINE LINE-OF-THE-FILE" (in
hexadecimal digits).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from servers.backups.archive import Segments, joined, parse_segment_name
from servers.timelines import Stretch, read_history

# Functions in awk: `seen` takes the segments in their order, and `tell` at the end prints the last run. A run here
# never goes over the end of 4 GB, where the last part of a name begins anew: when that is depends on a segment's size.
AWK_FUNCTIONS = r"""
  function number(text, i, sum) {
    sum = 0
    for (i = 1; i <= 8; i++) sum = sum * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
    return sum
  }
  function tell() { if (first != "") print "@run", first, last, began, ended }
  function seen(name, at) {
    if (substr(name, 1, 16) != substr(last, 1, 16) || number(substr(name, 17)) > number(substr(last, 17)) + 1) {
      tell(); first = name; began = at
    }
    last = name; ended = at
  }
"""


def runs_of(lines: Iterable[str], segment_size: int) -> tuple[Segments, ...]:
    """The runs, those of several places together. ValueError when a line makes no sense."""
    return joined(_runs(lines, segment_size))


def histories_of(lines: Sequence[str]) -> tuple[tuple[Stretch, ...], ...]:
    """What the history files say; a file that is in several places counts once."""
    texts: dict[int, list[str]] = {}
    for line in lines:
        timeline, _, text = line.partition(" ")
        texts.setdefault(int(timeline, 16), []).append(text)
    return tuple(read_history(timeline, "\n".join(dict.fromkeys(text))) for timeline, text in sorted(texts.items()))


def _runs(lines: Iterable[str], segment_size: int) -> Iterator[Segments]:
    for line in lines:
        first, last, began, ended = line.split(" ")
        timeline, number = parse_segment_name(first, segment_size)
        yield Segments(timeline, number, parse_segment_name(last, segment_size)[1], _time(began), _time(ended))


def _time(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) else None
