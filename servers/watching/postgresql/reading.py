"""What a row of STATISTICS says. Nothing in it is trusted: a value that makes no sense refuses the whole row."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from servers.watching.postgresql.query_text import shown_query
from servers.watching.postgresql.server_statistics import (
    Counters,
    DamagedDatabase,
    DatabaseAge,
    Locked,
    PreparedTransaction,
    ReplicationLink,
    ServerStatistics,
    Session,
    XminHolder,
)

LONGEST_NAME = 80


def server_statistics(row: Mapping[str, Any]) -> ServerStatistics:
    """The answer in a row. KeyError, TypeError or ValueError for a row that makes no sense."""
    return ServerStatistics(
        version_number=int(row["version_number"]),
        in_recovery=bool(row["in_recovery"]),
        sees_everything=bool(row["sees_everything"]),
        connections={shown(state): int(count) for state, count in row["connections"].items()},
        waiting=int(row["waiting"]),
        transactions=tuple(_session(each) for each in row["transactions"]),
        idle_in_transaction=tuple(_session(each) for each in row["idle_in_transaction"]),
        locked=tuple(_locked(each) for each in row["locked"]),
        xmin_holders=tuple(
            XminHolder(shown(each["kind"]), decoded(each["name_hex"]), int(each["age"])) for each in row["xmin_holders"]
        ),
        prepared=tuple(PreparedTransaction(decoded(each["gid_hex"]), number(each["age"])) for each in row["prepared"]),
        ages=tuple(
            DatabaseAge(decoded(each["database_hex"]), int(each["transaction_ids"]), int(each["multixacts"]))
            for each in row["ages"]
        ),
        damaged=tuple(
            DamagedDatabase(decoded(each["database_hex"]), int(each["failures"]), maybe_number(each["age"]))
            for each in row["checksum_failures"]
        ),
        counters=_counters(row),
        settings={shown(name): shown(value) for name, value in row["settings"].items()},
        pending_restart=tuple(shown(name) for name in row["pending_restart"]),
        links=tuple(_link(each) for each in row["replication_links"]),
        databases=tuple(decoded(each["database_hex"], longest=None) for each in row["databases"]),
        has_statement_statistics=bool(row["has_statement_statistics"]),
    )


def _counters(row: Mapping[str, Any]) -> Counters:
    checkpoints = row["checkpoints"]
    values = {
        **_numbers("", row["counters"]),
        **_numbers("conflicts by ", row["conflicts"]),
        **_numbers("checkpoints ", checkpoints, without=("reset",)),
    }
    epoch = (
        number(row["started"]),
        bool(row["in_recovery"]),
        maybe_number(row["databases_reset"]),
        maybe_number(checkpoints["reset"]),
    )
    return Counters(number(row["now"]), epoch, values)


def _numbers(prefix: str, counted: Mapping[str, Any], without: Iterable[str] = ()) -> dict[str, float]:
    return {
        f"{prefix}{name}": number(value)
        for name, value in counted.items()
        if value is not None and name not in tuple(without)
    }


def _session(each: Mapping[str, Any]) -> Session:
    return Session(
        pid=int(each["pid"]),
        user=decoded(each["user_hex"]),
        database=decoded(each["database_hex"]),
        application_name=shown(each["application_name"]),
        client_address=each["client_address"],
        kind=shown(each["backend_type"]),
        state=shown(each["state"]),
        transaction_age=maybe_number(each["transaction_age"]),
        state_age=maybe_number(each["state_age"]),
        query=shown_query(decoded(each["query_hex"], longest=None)),
    )


def _locked(each: Mapping[str, Any]) -> Locked:
    return Locked(
        session=_session(each),
        blocked_by=tuple(int(pid) for pid in each["blocked_by"] or ()),
        mode=shown(each["mode"]),
        wait_age=maybe_number(each["wait_age"]),
    )


def _link(each: Mapping[str, Any]) -> ReplicationLink:
    return ReplicationLink(shown(each["application_name"]), each["client_address"], bool(each["encrypted"]))


def decoded(hexadecimal: str | None, longest: int | None = LONGEST_NAME) -> str:
    """The text behind PostgreSQL's bytes: what is no UTF-8 shows as such, and fails nothing."""
    text = bytes.fromhex(hexadecimal or "").decode(errors="replace")
    return text if longest is None else shown(text)


def shown(text: Any) -> str:
    """A name in one line, and not longer than people read."""
    line = "".join(letter if letter.isprintable() else " " for letter in str(text or ""))
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def number(value: Any) -> float:
    """A finite number; TypeError or ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"not a number: {value!r}"[:80])
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return float(value)


def maybe_number(value: Any) -> float | None:
    return None if value is None else number(value)
