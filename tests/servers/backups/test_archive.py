"""The WAL archive as runs of segments: what is there, and where something is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.backups.archive import (
    DEFAULT_SEGMENT_SIZE,
    parse_segment_name,
    runs,
    segment_name,
    segment_number,
    segment_start,
)
from servers.lsn import parse_lsn


def test_a_name_is_as_postgresql_writes_it() -> None:
    # pg_walfile_name('16/B374D848') on timeline 3 is 0000000300000016000000B3.
    number = segment_number(parse_lsn("16/B374D848"))

    assert segment_name(3, number) == "0000000300000016000000B3"
    assert segment_start(number) == parse_lsn("16/B3000000")


@given(st.integers(1, 2**32 - 1), st.integers(0, 2**33), st.sampled_from([2**20, DEFAULT_SEGMENT_SIZE, 2**30]))
def test_what_is_named_is_read_again(timeline: int, number: int, size: int) -> None:
    assert parse_segment_name(segment_name(timeline, number, size), size) == (timeline, number)


@pytest.mark.parametrize("name", ["", "00000003.history", "0000000300000016000000b3", "../0000003000000160000B3"])
def test_what_is_no_segment_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a WAL segment"):
        parse_segment_name(name)


def test_a_missing_segment_begins_a_new_run() -> None:
    found = runs([(1, 5, None), (1, 3, None), (1, 4, None), (1, 7, None), (2, 8, None)])

    assert [(run.timeline, run.first, run.last) for run in found] == [(1, 3, 5), (1, 7, 7), (2, 8, 8)]
