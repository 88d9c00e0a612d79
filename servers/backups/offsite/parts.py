"""How a file is cut into the parts of a multipart upload, and what S3 then calls it. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: 10,000 parts of 5 MiB to 5 GiB, 5 TiB in all. The
ETag of a multipart object is the MD5 of its parts' MD5s and their number, where the bucket does not encrypt with KMS.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SMALLEST_PART = 16 * 2**20  # a WAL segment as it mostly is, which is then one object by one call
MOST_PARTS = 10_000
LARGEST_OBJECT = 5 * 2**40
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Part:
    """A part by its number, from 1, and where its bytes are in the file."""

    number: int
    offset: int
    size: int


def part_size(size: int) -> int:
    """Bytes of each part but the last. Always the same for the same file, so that an upload can be gone on with.

    ValueError where no object can be so large.
    """
    if size > LARGEST_OBJECT:
        raise ValueError(f"{size} bytes are more than an object can have ({LARGEST_OBJECT})")
    least = -(-size // MOST_PARTS)
    return max(SMALLEST_PART, -(-least // _MEBIBYTE) * _MEBIBYTE)


def parts_of(size: int) -> Iterator[Part]:
    """The parts of a file, in order. An empty one has one empty part."""
    each = part_size(size)
    for index in range(max(1, -(-size // each))):
        yield Part(index + 1, index * each, min(each, size - index * each))


def etag_of(digests: Sequence[bytes]) -> str:
    """What the object's ETag must be, from the MD5 of each part; of a single part, as a plain object has it."""
    if len(digests) == 1:
        return digests[0].hex()
    joined = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    return f"{joined}-{len(digests)}"
