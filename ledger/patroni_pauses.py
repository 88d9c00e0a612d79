"""Whether Patroni is paused because a cluster is in maintenance, and by whom: only a pause of ours is ever ended by us.

At most one a cluster is open. Every function works within the caller's transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from ledger.redact import redacted_text
from ledger.times import from_text, from_text_or_none, to_text


class PauseState(StrEnum):
    WANTED = "wanted"  # nobody has asked Patroni yet
    PAUSING = "pausing"  # Patroni was asked, or is about to be; it was not paused just before
    HELD = "held"  # paused by us
    LEFT = "left"  # somebody else has decided: whether it is paused is theirs
    RESUMING = "resuming"  # it was paused by us, and is asked to act by itself again


@dataclass(frozen=True, slots=True)
class PatroniPause:
    """One pause. `note` is what hinders it, or why it is left to others; empty while all goes as it should.

    `tried_at` is when Patroni was last asked in this state, `tries` how often.
    """

    id: int
    cluster: str
    state: PauseState
    note: str
    tried_at: datetime | None
    tries: int
    since: datetime
    ended_at: datetime | None = None


_COLUMNS = "id, cluster, state, note, tried_at, tries, since, ended_at"
_OPEN = f"SELECT {_COLUMNS} FROM patroni_pause WHERE cluster = :cluster AND ended_at IS NULL"  # noqa: S608 - constants
_ALL_OPEN = f"SELECT {_COLUMNS} FROM patroni_pause WHERE ended_at IS NULL ORDER BY id"  # noqa: S608 - constants
_INSERT = f"""
    INSERT INTO patroni_pause (cluster, state, note, tries, since) VALUES (:cluster, :state, '', 0, :since)
    RETURNING {_COLUMNS}
"""  # noqa: S608 - constants
_ASKED = f"""
    UPDATE patroni_pause SET state = :state, tried_at = :at, tries = CASE state WHEN :state THEN tries + 1 ELSE 1 END
    WHERE id = :id RETURNING {_COLUMNS}
"""  # noqa: S608 - constants
_NOTE = f"UPDATE patroni_pause SET note = :note WHERE id = :id RETURNING {_COLUMNS}"  # noqa: S608 - constants
_SETTLE = f"""
    UPDATE patroni_pause SET state = :state, note = :note, tried_at = NULL, tries = 0, ended_at = :ended_at
    WHERE id = :id RETURNING {_COLUMNS}
"""  # noqa: S608 - constants


def open_pause(db: Database, cluster: str) -> PatroniPause | None:
    return next((_pause(row) for row in db.query(_OPEN, {"cluster": cluster})), None)


def open_pauses(db: Database) -> list[PatroniPause]:
    """Those of every cluster."""
    return [_pause(row) for row in db.query(_ALL_OPEN)]


def want(db: Database, cluster: str, at: datetime) -> PatroniPause:
    """The wish, and no more. The one before it must have ended (the table holds that)."""
    return _one(db, _INSERT, {"cluster": cluster, "state": PauseState.WANTED.value, "since": to_text(at)})


def asked(db: Database, pause: PatroniPause, state: PauseState, at: datetime) -> PatroniPause:
    """That Patroni is about to be asked; before it is."""
    return _one(db, _ASKED, {"id": pause.id, "state": state.value, "at": to_text(at)})


def note(db: Database, pause: PatroniPause, line: str) -> PatroniPause:
    """What hinders it."""
    return _one(db, _NOTE, {"id": pause.id, "note": redacted_text(db, line)})


def settle(db: Database, pause: PatroniPause, state: PauseState, line: str = "") -> PatroniPause:
    """What has come of it, and stays so. One that had ended is open again: what was asked came late."""
    parameters = {"id": pause.id, "state": state.value, "note": redacted_text(db, line), "ended_at": None}
    return _one(db, _SETTLE, parameters)


def end(db: Database, pause: PatroniPause, line: str, at: datetime) -> PatroniPause:
    """Nothing is to be done about it any more; `line` says how it ended."""
    parameters = {"id": pause.id, "state": pause.state.value, "note": redacted_text(db, line), "ended_at": to_text(at)}
    return _one(db, _SETTLE, parameters)


def _one(db: Database, statement: str, parameters: Mapping[str, Any]) -> PatroniPause:
    return next(_pause(row) for row in list(db.query(statement, dict(parameters))))


def _pause(row: Mapping[str, Any]) -> PatroniPause:
    return PatroniPause(
        id=row["id"],
        cluster=row["cluster"],
        state=PauseState(row["state"]),
        note=row["note"],
        tried_at=from_text_or_none(row["tried_at"]),
        tries=row["tries"],
        since=from_text(row["since"]),
        ended_at=from_text_or_none(row["ended_at"]),
    )
