"""Two primaries: on which timelines they are, and where they part."""

from dataclasses import replace

from servers.lsn import Lsn
from servers.split_brain import split_brain_lines
from servers.state import ServerState
from servers.timelines import Stretch, read_history
from tests.alerts.looks import CLUSTER, DB1, DB2, HOST, PRIMARY_SQL, gone, look


def history(*ends: int) -> tuple[Stretch, ...]:
    """Timelines 1, 2, … each left at that position, and the one that is on now."""
    lines = "".join(f"{number}\t0/{end:X}\tno reason\n" for number, end in enumerate(ends, 1))
    return read_history(len(ends) + 1, lines)


def primary(server: ServerState, timeline: int, lsn: int, found: tuple[Stretch, ...] = ()) -> ServerState:
    sql = replace(PRIMARY_SQL, timeline=timeline, wal_lsn=Lsn(lsn), replication=())
    return replace(server, sql=sql, host=replace(HOST, timeline_history=found))


def test_the_evidence_has_both_timelines_and_where_they_part() -> None:
    old, new = primary(DB1, 1, 0x5000100), primary(DB2, 2, 0x5000200, history(0x5000028))
    assert split_brain_lines(CLUSTER, look(old, new).state) == (
        "db1 takes writes on timeline 1, now at 0/5000100",
        "db2 takes writes on timeline 2, now at 0/5000200",
        "db1 and db2 part at 0/5000028: db1 has written 216 bytes since; db2 has written 472 bytes since",
    )


def test_two_that_were_both_promoted_part_where_the_first_was() -> None:
    one, other = primary(DB1, 2, 0x5000100, history(0x5000030)), primary(DB2, 2, 0x5000200, history(0x5000028))
    assert "part at 0/5000028" in split_brain_lines(CLUSTER, look(one, other).state)[-1]


def test_a_server_that_has_heard_of_a_later_timeline_has_its_own_history_in_that_file() -> None:
    one, other = primary(DB1, 2, 0x7000000, history(0x5000028, 0x6000000)), primary(DB2, 3, 0x7000000)
    lines = split_brain_lines(CLUSTER, look(one, replace(other, host=one.host)).state)
    assert "part at 0/6000000" in lines[-1]


def test_what_is_not_known_is_said_and_one_primary_is_no_news() -> None:
    old, blind = primary(DB1, 1, 0x5000100), replace(primary(DB2, 2, 0x5000200), host=None)
    lines = split_brain_lines(CLUSTER, look(old, blind).state)
    assert lines[-1] == "Where db1 and db2 part is not known: their hosts tell no timeline history"
    assert split_brain_lines(CLUSTER, look(gone(DB1), blind).state) == ()
