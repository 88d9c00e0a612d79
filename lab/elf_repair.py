"""Mends a program whose dynamic section the loader cannot write to.

In version 0.6.0 of the wheel, PostgreSQL 18's pg_verifybackup dies of a segmentation fault before its first line: the
tool that bundled its libraries let the dynamic section reach into a page of the next segment, which is read-only, and
the dynamic loader writes there. Making that segment writable, one bit in its program header, is all it lacks.
Layouts are those of elf(5), 64 bits, little-endian.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_IDENTITY = b"\x7fELF\x02\x01"  # 64 bits, little-endian
_TABLE_OFFSET_AT, _ENTRY_SIZE_AT = 32, 54  # e_phoff; e_phentsize followed by e_phnum
_ENTRY = struct.Struct("<IIQQQQQQ")  # p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align
_FLAGS_AT = 4
_LOAD, _DYNAMIC = 1, 2
_WRITABLE = 2
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class _Segment:
    at: int
    kind: int
    flags: int
    start: int
    end: int

    @property
    def first_page(self) -> int:
        return self.start // _PAGE * _PAGE


def repair_program(path: Path) -> bool:
    """Make what lies under a program's dynamic section writable; whether that was needed. Replaces the file whole."""
    image = bytearray(path.read_bytes())
    if not image.startswith(_IDENTITY):
        return False
    segments = _segments(image)
    dynamic = next((segment for segment in segments if segment.kind == _DYNAMIC), None)
    if dynamic is None:
        return False
    sick = [
        segment
        for segment in segments
        if segment.kind == _LOAD
        and not segment.flags & _WRITABLE
        and segment.first_page < dynamic.end
        and segment.end > dynamic.start
    ]
    # A dynamic section that lies wholly in one read-only segment is meant so.
    if not sick or not any(_overlaps_writable(segment, dynamic) for segment in segments):
        return False
    for segment in sick:
        struct.pack_into("<I", image, segment.at + _FLAGS_AT, segment.flags | _WRITABLE)
    mended = path.with_name(f".{path.name}.mended")
    mended.write_bytes(image)
    mended.chmod(path.stat().st_mode & 0o777)
    mended.replace(path)
    return True


def _overlaps_writable(segment: _Segment, dynamic: _Segment) -> bool:
    in_its_pages = segment.first_page <= dynamic.start < -(-segment.end // _PAGE) * _PAGE
    return segment.kind == _LOAD and bool(segment.flags & _WRITABLE) and in_its_pages


def _segments(image: bytearray) -> list[_Segment]:
    (table,) = struct.unpack_from("<Q", image, _TABLE_OFFSET_AT)
    size, count = struct.unpack_from("<HH", image, _ENTRY_SIZE_AT)
    found = []
    for at in range(table, table + size * count, size):
        kind, flags, _offset, start, _physical, _file_size, memory_size, _align = _ENTRY.unpack_from(image, at)
        found.append(_Segment(at, kind, flags, start, start + memory_size))
    return found
