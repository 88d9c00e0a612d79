"""Where two histories part."""

import pytest

from servers.lsn import parse_lsn
from servers.timelines import Fork, fork_of, read_history

FIRST = read_history(1, "")
SECOND = read_history(2, "1\t0/5000000\tno recovery target specified\n")
THIRD = read_history(
    3, "1\t0/5000000\tno recovery target specified\n\n# so\n2\t0/6000000\tno recovery target specified\n"
)


def test_a_server_that_stayed_behind_parts_where_the_other_one_was_promoted() -> None:
    assert fork_of(FIRST, SECOND) == Fork(1, parse_lsn("0/5000000"))
    assert fork_of(FIRST, THIRD) == Fork(1, parse_lsn("0/5000000"))
    assert fork_of(SECOND, THIRD) == Fork(2, parse_lsn("0/6000000"))


def test_the_same_history_does_not_part() -> None:
    assert fork_of(THIRD, THIRD) == Fork(3, None)


def test_timelines_of_one_number_that_began_elsewhere_are_two() -> None:
    other = read_history(2, "1\t0/4000000\tno recovery target specified\n")
    assert fork_of(other, SECOND) == Fork(1, parse_lsn("0/4000000"))


def test_strangers_share_nothing() -> None:
    assert fork_of(read_history(7, ""), SECOND) is None


@pytest.mark.parametrize("text", ["nonsense\n", "1\t0-5000000\tx\n", "one\t0/5000000\tx\n"])
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_history(2, text)
