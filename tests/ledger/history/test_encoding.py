"""What is written is read back, to the last bit."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.history.buckets import Bucket
from ledger.history.encoding import decode_chunk, decode_frame, decode_some, encode_chunk, encode_frame
from ledger.history.tiers import FINE, MIDDLE, TIERS, Tier

FLOATS = st.floats(allow_nan=False)
BUCKETS = st.builds(Bucket, st.integers(min_value=1, max_value=100_000), FLOATS, FLOATS, FLOATS)
IDS = st.integers(min_value=1, max_value=2**32 - 1)
START = 86_400 * 20_000


def _columns(tier: Tier) -> st.SearchStrategy[dict[int, dict[int, Bucket]]]:
    starts = st.integers(min_value=0, max_value=tier.span // tier.step - 1).map(lambda n: START + n * tier.step)
    return st.dictionaries(IDS, st.dictionaries(starts, BUCKETS, min_size=1, max_size=20), max_size=5)


@given(st.dictionaries(IDS, BUCKETS, max_size=20))
def test_a_frame(buckets: dict[int, Bucket]) -> None:
    assert decode_frame(encode_frame(buckets)) == buckets


@given(st.data(), st.sampled_from(TIERS))
def test_a_chunk(data: st.DataObject, tier: Tier) -> None:
    columns = data.draw(_columns(tier))
    assert decode_chunk(encode_chunk(columns, START, tier), START, tier) == columns


@given(_columns(MIDDLE))
def test_one_series_of_a_chunk(columns: dict[int, dict[int, Bucket]]) -> None:
    chunk = encode_chunk(columns, START, MIDDLE)
    assert all(decode_some(chunk, (one,), START, MIDDLE) == {one: column} for one, column in columns.items())
    assert decode_some(chunk, (0,), START, MIDDLE) == {}


def test_an_hour_of_a_value_that_does_not_change_takes_next_to_nothing() -> None:
    column = {START + at: Bucket(5, 1.0, 1.0, 1.0) for at in range(0, 3600, 10)}
    assert len(encode_chunk({1: column}, START, FINE)) < 1_000


@given(_columns(FINE), st.data())
def test_what_is_damaged_is_a_gap_and_never_an_error(
    columns: dict[int, dict[int, Bucket]], data: st.DataObject
) -> None:
    chunk = encode_chunk(columns, START, FINE)
    cut = data.draw(st.integers(min_value=0, max_value=len(chunk)))
    for damaged in (chunk[:cut], chunk[:cut] + b"\xff" * (len(chunk) - cut)):
        decode_chunk(damaged, START, FINE)
    assert decode_frame(b"no frame") == {}
    if columns:
        first, others = next(iter(columns)), dict(list(columns.items())[1:])
        rest = encode_chunk(others, START, FINE)
        told = len(chunk) - len(rest) - 8  # the first column's own bytes
        begins = 4 + 8 * len(columns)
        damaged = chunk[:begins] + bytes(told) + chunk[begins + told :]
        assert decode_chunk(damaged, START, FINE) == {first: {}, **others}
