"""How a file is cut into parts."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.backups.offsite.parts import LARGEST_OBJECT, MOST_PARTS, SMALLEST_PART, etag_of, part_size, parts_of


@given(st.integers(0, 40 * SMALLEST_PART))
def test_the_parts_are_the_file(size: int) -> None:
    parts = tuple(parts_of(size))

    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert sum(part.size for part in parts) == size
    assert all(before.offset + before.size == part.offset for before, part in pairwise(parts))
    assert all(part.size == part_size(size) for part in parts[:-1])


@given(st.integers(0, LARGEST_OBJECT))
def test_there_are_never_more_parts_than_the_store_takes(size: int) -> None:
    assert -(-size // part_size(size)) <= MOST_PARTS
    assert part_size(size) % 65536 == 0


def test_what_is_too_large_for_an_object_is_refused() -> None:
    with pytest.raises(ValueError, match="more than an object can have"):
        part_size(LARGEST_OBJECT + 1)


def test_the_tag_of_one_part_is_that_of_a_plain_object() -> None:
    one, two = (hashlib.md5(text, usedforsecurity=False).digest() for text in (b"one", b"two"))

    joined = hashlib.md5(one + two, usedforsecurity=False).hexdigest()

    assert etag_of([one]) == one.hex()
    assert etag_of([one, two]) == f"{joined}-2"
