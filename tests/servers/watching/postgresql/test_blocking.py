"""Who holds whom up: through chains, over several holders, and in circles."""

from dataclasses import replace

from servers.watching.postgresql.blocking import HeldUp, held_up
from servers.watching.postgresql.look import with_waits
from servers.watching.postgresql.reading import server_statistics
from servers.watching.postgresql.server_statistics import Locked
from tests.servers.watching.postgresql.rows import row, session


def locked(pid: int, *blocked_by: int) -> Locked:
    return server_statistics(row(locked=[session(pid=pid, blocked_by=list(blocked_by))])).locked[0]


def queues(*all_of_them: Locked) -> dict[int, tuple[int, ...]]:
    return {one.pid: one.waiting for one in held_up(all_of_them)}


def test_at_the_head_of_a_chain_stands_who_waits_for_nobody() -> None:
    assert queues(locked(1), locked(2, 1), locked(3, 2), locked(4, 3)) == {1: (2, 3, 4)}


def test_the_longest_queue_comes_first() -> None:
    assert [one.pid for one in held_up([locked(1), locked(2), locked(3, 2), locked(4, 2), locked(5, 1)])] == [2, 1]


def test_one_may_wait_for_several() -> None:
    assert queues(locked(1), locked(2), locked(3, 1, 2)) == {1: (3,), 2: (3,)}


def test_a_prepared_transaction_and_a_session_out_of_sight_hold_up_as_well() -> None:
    assert queues(locked(3, 0), locked(4, 99)) == {0: (3,), 99: (4,)}
    assert held_up([locked(3, 0)]) == (HeldUp(0, None, (3,)),)


def test_a_circle_ends() -> None:
    assert queues(locked(1, 2), locked(2, 1)) == {}
    assert queues(locked(1, 2), locked(2, 1, 9)) == {9: (1, 2)}


def test_before_postgresql_14_a_wait_is_as_long_as_we_have_seen_it() -> None:
    waiting = (locked(1), locked(2, 1))
    first, since = with_waits(waiting, {}, 100.0)
    again, since = with_waits(waiting, since, 160.0)
    assert [one.wait_age for one in first] == [None, 0.0]
    assert [one.wait_age for one in again] == [None, 60.0]
    told, _ = with_waits((replace(locked(2, 1), wait_age=7.0),), since, 220.0)
    assert told[0].wait_age == 7.0
    _, nobody = with_waits((), since, 280.0)
    assert nobody == {}
