"""Keeps the file: writes what was gathered, folds hours that are over, and gives up what is too old or too much."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ledger.history.buckets import Bucket, Column, folded, joined, start_of
from ledger.history.encoding import decode_chunk, encode_chunk
from ledger.history.file import HistoryFile
from ledger.history.gathering import Gathered, SeriesKey
from ledger.history.tiers import COARSE, FINE, HOUR, TIERS, Tier

MOST_SERIES = 2_000  # a cluster's in one bucket: subjects that a server makes up must not fill the disk
FOLDING_SECONDS = 0.25  # at most, in one go: many clusters' hours end together, and nothing waits for them
LATE = 60  # seconds after the end of an hour until it is folded


@dataclass(frozen=True, slots=True)
class Kept:
    """How one round went. `used`: bytes of the file; `left_out`: values of series beyond the most of a cluster."""

    used: int
    given_up: int
    left_out: int


class Keeping:
    """Used by one thread, which may block. Raises sqlite3.Error; nothing of that round was kept then."""

    def __init__(self, file: HistoryFile, limit: int, clock: Callable[[], float]) -> None:
        """`limit`: bytes that the file may have. `clock` is monotonic."""
        self._file = file
        self._limit = limit
        self._clock = clock
        self._ids: dict[str, dict[SeriesKey, int]] = {}
        self._seen: dict[int, int] = {}  # in which hour each series was last noted as seen
        self._tidied = 0  # the hour in which what is too old was last given up

    def keep(self, gathered: Iterable[Gathered], now: float) -> Kept:
        """One round, in one transaction. `now` in seconds since 1970."""
        self._file.begin()
        try:
            left_out = sum(self._write(one) for one in gathered)
            self._fold(int(now))
            self._give_up_old(int(now))
            given_up = self._make_room(int(now))
            self._file.commit()
        except BaseException:
            self._file.roll_back()
            self._ids.clear()  # numbers that were given out in it are not in the file
            self._seen.clear()
            raise
        if given_up:
            self._file.give_room_back()
        return Kept(self._file.used_bytes(), given_up, left_out)

    def _write(self, one: Gathered) -> int:
        ids = self._ids_of(one.cluster)
        fitting = dict(list(one.buckets.items())[:MOST_SERIES])
        buckets = {}
        for key, bucket in fitting.items():
            if key not in ids:
                ids[key] = self._file.add_series(one.cluster, *key, one.at)
            buckets[ids[key]] = bucket
        self._file.add_frame(one.cluster, one.at, buckets)
        self._note_seen(buckets, start_of(one.at, HOUR))
        return len(one.buckets) - len(fitting)

    def _note_seen(self, series: Iterable[int], hour: int) -> None:
        """Once an hour for each."""
        anew = [one for one in series if self._seen.get(one) != hour]
        if anew:
            self._file.saw_series(anew, hour)
            self._seen.update(dict.fromkeys(anew, hour))

    def _ids_of(self, cluster: str) -> dict[SeriesKey, int]:
        if cluster not in self._ids:
            known = self._file.series(cluster)
            self._ids[cluster] = {(one.name, one.subject, str(one.unit)): one.id for one in known}
        return self._ids[cluster]

    def _fold(self, now: int) -> None:
        """The hours that are over, the oldest first; what does not get its turn now does in the next round."""
        began = self._clock()
        over = start_of(now - LATE, HOUR)
        while (oldest := self._file.next_frame(0)) is not None and oldest < over:
            for cluster in self._file.clusters_at(oldest):
                self._fold_hour(start_of(oldest, HOUR), cluster)
                if self._clock() - began > FOLDING_SECONDS:
                    return

    def _fold_hour(self, hour: int, cluster: str) -> None:
        columns: dict[int, dict[int, Bucket]] = {}
        frames = self._file.frames(cluster, hour, hour + HOUR)
        for at, buckets in frames:
            for series, bucket in buckets.items():
                columns.setdefault(series, {})[at] = bucket
        wider: Mapping[int, Column] = columns
        for tier in TIERS:
            if tier is not FINE:
                wider = {series: folded(one, tier.step) for series, one in wider.items()}
            self._add_to_chunk(tier, hour, cluster, wider)
        self._file.drop_frames(cluster, (at for at, _ in frames))

    def _add_to_chunk(self, tier: Tier, at: int, cluster: str, columns: Mapping[int, Column]) -> None:
        start = start_of(at, tier.span)
        before = self._file.chunk(tier, start, cluster)
        both: dict[int, Column] = dict(decode_chunk(before, start, tier)) if before is not None else {}
        for series, column in columns.items():
            both[series] = joined(both.get(series, {}), column)
        self._file.put_chunk(tier, start, cluster, encode_chunk(both, start, tier))

    def _give_up_old(self, now: int) -> None:
        if start_of(now, HOUR) == self._tidied:
            return
        self._tidied = start_of(now, HOUR)
        for tier in TIERS:
            self._file.drop_chunks(tier, now - tier.keep - tier.span)
        if self._file.forget_series(now - COARSE.keep):
            self._ids.clear()
            self._seen.clear()

    def _make_room(self, now: int) -> int:
        """Gives up the finest, the oldest first, until the file is within its limit; how many chunks.

        The last hours of each stay: what is looked at in the night it happens is worth more than an old month.
        """
        given_up = 0
        for tier in TIERS:
            while self._file.used_bytes() > self._limit:
                oldest = self._file.oldest_chunk(tier, start_of(now, tier.span) - tier.span)
                if oldest is None:
                    break
                given_up += self._file.drop_chunks(tier, oldest)
                self._file.note_cut(tier, oldest + tier.span)
        return given_up
