"""Buckets as bytes: of many series for one moment (a frame), or of many series for a while (a chunk).

A chunk is a directory (id and length of each series, 8 bytes each) and the series' columns, each compressed by itself,
so that one can be read without the others. Floats are kept exactly; their bytes are laid out by significance, because
neighbours differ in the last ones only. Little-endian throughout.

What is damaged (SQLite has no checksums) is a gap like any other, and ends neither reading nor folding.
"""

import struct
import zlib
from collections.abc import Collection, Mapping

from ledger.history.buckets import Bucket, Column
from ledger.history.tiers import Tier

_FRAME_LEVEL, _CHUNK_LEVEL = 1, 6  # a frame is written every ten seconds and lives for an hour
_COUNT = struct.Struct("<I")
_ENTRY = struct.Struct("<II")
_DOUBLE = 8
_DAMAGED = (zlib.error, struct.error, ValueError)


def encode_frame(buckets: Mapping[int, Bucket]) -> bytes:
    """One bucket of each series, by id."""
    ids = tuple(buckets)
    rows = tuple(buckets.values())
    size = len(ids)
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    counts, *floats = columns
    packed = struct.pack(f"<{size}I{size}I", *ids, *counts)
    return zlib.compress(packed + b"".join(struct.pack(f"<{size}d", *column) for column in floats), _FRAME_LEVEL)


def decode_frame(data: bytes) -> dict[int, Bucket]:
    try:
        raw = zlib.decompress(data)
        size = len(raw) // (4 + 4 + 3 * _DOUBLE)
        values = struct.unpack(f"<{size}I{size}I{size}d{size}d{size}d", raw)
    except _DAMAGED:
        return {}
    columns = (values[part * size : (part + 1) * size] for part in range(1, 5))
    return dict(zip(values[:size], map(Bucket, *columns), strict=True))


def encode_chunk(columns: Mapping[int, Column], start: int, tier: Tier) -> bytes:
    """Columns of series by id, all of whose buckets lie within the chunk that begins at `start`."""
    parts = {series: _encode_column(column, start, tier) for series, column in columns.items() if column}
    directory = b"".join(_ENTRY.pack(series, len(part)) for series, part in parts.items())
    return _COUNT.pack(len(parts)) + directory + b"".join(parts.values())


def decode_chunk(data: bytes, start: int, tier: Tier) -> dict[int, dict[int, Bucket]]:
    return {series: _decode_column(part, start, tier) for series, part in _parts(data)}


def decode_some(data: bytes, series: Collection[int], start: int, tier: Tier) -> dict[int, dict[int, Bucket]]:
    """The columns of these series alone, of those that the chunk has."""
    return {one: _decode_column(part, start, tier) for one, part in _parts(data, series)}


def _parts(data: bytes, only: Collection[int] | None = None) -> list[tuple[int, bytes]]:
    try:
        (size,) = _COUNT.unpack_from(data)
        end = _COUNT.size + size * _ENTRY.size
        directory = list(_ENTRY.iter_unpack(data[_COUNT.size : end]))
    except _DAMAGED:
        return []
    parts = []
    for series, length in directory:
        if only is None or series in only:
            parts.append((series, data[end : end + length]))
        end += length
    return parts


def _encode_column(column: Column, start: int, tier: Tier) -> bytes:
    starts = sorted(column)
    size = len(starts)
    counts, *floats = zip(*(column[at] for at in starts), strict=True)
    offsets = ((at - start) // tier.step for at in starts)
    packed = struct.pack(f"<{size}H{size}I", *offsets, *counts)
    by_significance = (_interleaved(struct.pack(f"<{size}d", *values), _DOUBLE) for values in floats)
    return zlib.compress(packed + b"".join(by_significance), _CHUNK_LEVEL)


def _decode_column(data: bytes, start: int, tier: Tier) -> dict[int, Bucket]:
    try:
        return _column_of(zlib.decompress(data), start, tier)
    except _DAMAGED:
        return {}


def _column_of(raw: bytes, start: int, tier: Tier) -> dict[int, Bucket]:
    size = len(raw) // (2 + 4 + 3 * _DOUBLE)
    numbers = struct.unpack_from(f"<{size}H{size}I", raw)
    first, length = size * 6, size * _DOUBLE
    floats = (
        struct.unpack(f"<{size}d", _interleaved(raw[at : at + length], size))
        for at in range(first, first + 3 * length, length)
    )
    starts = (start + offset * tier.step for offset in numbers[:size])
    return dict(zip(starts, map(Bucket, numbers[size:], *floats), strict=True))


def _interleaved(data: bytes, width: int) -> bytes:
    """Every `width`th byte first, then those after them; with the number of columns as width it is undone."""
    return b"".join(data[first::width] for first in range(width))
