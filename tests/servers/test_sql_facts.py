"""What a server says by SQL, taken from the row. (That the statement itself works is seen on real servers.)"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.sql_facts import sql_facts
from servers.state import SqlFacts, Upstream
from tests.servers.seen import AT

ROW: dict[str, Any] = {
    "version_number": 150018,
    "in_recovery": True,
    "timeline": 2,
    "system_identifier": "7711578829883216209",
    "started_at": AT,
    "wal_lsn": None,
    "receive_lsn": "0/3000060",
    "replay_lsn": "0/3000000",
    "replay_paused": False,
    "last_replayed_transaction_age": -0.5,
    "receiver": {
        "status": "streaming", "sender_host": "192.0.2.1", "sender_port": 5432, "slot_name": "db2",
        "flushed_lsn": "0/3000060", "last_message_age": 0.25,
    },
    "replication": [],
    "slots": [{
        "slot_name": "db1", "active": False, "restart_lsn": None, "wal_status": None, "safe_wal_size": None,
    }],
    "archiver": {
        "mode": "on", "archived_count": 3, "last_archived_wal": None, "failed_count": 0, "last_failed_wal": None,
        "last_archived_age": 7.5, "last_failed_age": None,
    },
    "oldest_ready_age": 12.0,
    "connections": 4,
    "max_connections": 100,
    "reserved_connections": 3,
    "sees_everything": True,
    "synchronous_standby_names": "",
    "synchronous_commit": "on",
    "data_checksums": True,
    "wal_log_hints": False,
    "wal_segment_size": 16777216,
    "primary_conninfo": "host=192.0.2.1 port=5433 user=replicator password=very-secret-word",
}  # fmt: skip


def test_a_row_becomes_facts() -> None:
    facts = sql_facts(ROW)

    assert facts.receive_lsn == 0x3000060
    assert facts.receiver is not None
    assert facts.receiver.last_message_age_seconds == 0.25
    assert facts.slots[0].restart_lsn is None
    assert facts.archiver is not None
    assert facts.archiver.oldest_ready_age_seconds == 12.0
    assert facts.upstream == Upstream("192.0.2.1", 5433)
    assert "very-secret-word" not in repr(facts)


def test_a_clock_that_was_set_back_makes_no_age_negative() -> None:
    assert sql_facts(ROW).last_replayed_transaction_age_seconds == 0.0


@pytest.mark.parametrize("key", ROW)
def test_a_row_without_one_of_its_columns_is_refused(key: str) -> None:
    with pytest.raises(KeyError):
        sql_facts({name: value for name, value in ROW.items() if name != key})


@given(st.sampled_from(sorted(ROW)), st.none() | st.booleans() | st.text() | st.lists(st.text()))
def test_a_value_that_makes_no_sense_is_refused_or_read_as_it_is(key: str, value: object) -> None:
    try:
        facts = sql_facts({**ROW, key: value})
    except (KeyError, TypeError, ValueError):
        return
    assert isinstance(facts, SqlFacts)
