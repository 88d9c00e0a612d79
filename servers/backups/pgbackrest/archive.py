"""The WAL archive of pgBackRest's repositories, from what `scripts.ARCHIVE` prints."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from servers.backups.archive import Segments, joined, parse_segment_name
from servers.backups.pgbackrest.failures import explain
from servers.errors import ServerUnreachable
from servers.sections import Sections
from servers.state import Outcome
from servers.timelines import Stretch, read_history


def runs_of(found: Sections, segment_size: int) -> tuple[Segments, ...]:
    """Every repository's segments together: a segment that one of them has can be got.

    ServerUnreachable when none of them could be listed; ValueError when the output makes no sense.
    """
    exits = [line.partition(" ") for line in found.values.get("exit", ())]
    failed = [said for status, _, said in exits if status != "0"]
    if failed and len(failed) == len(exits):
        raise ServerUnreachable(Outcome.FAILED, explain(failed[0]))
    return joined(_runs(found.values.get("run", ()), segment_size))


def _runs(lines: Iterable[str], segment_size: int) -> Iterator[Segments]:
    for line in lines:
        first, last, began, ended = line.split(" ")
        timeline, number = parse_segment_name(first, segment_size)
        yield Segments(timeline, number, parse_segment_name(last, segment_size)[1], _time(began), _time(ended))


def histories_of(lines: Sequence[str]) -> tuple[tuple[Stretch, ...], ...]:
    """The history files: each line of theirs after the file's timeline, in hexadecimal digits."""
    texts: dict[int, list[str]] = {}
    for line in lines:
        timeline, _, text = line.partition(" ")
        texts.setdefault(int(timeline, 16), []).append(text)
    return tuple(read_history(timeline, "\n".join(dict.fromkeys(text))) for timeline, text in sorted(texts.items()))


def _time(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) else None
