"""What became of scheduled orders: each turn leaves its records in the audit log, and these are its memory as well."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlite_utils import Database

from ledger.audit import AuditKind
from ledger.times import from_text


class What(StrEnum):
    """What a record of a scheduled order says."""

    TAKEN_UP = "taken up"  # the settings have it, or have it otherwise than before
    WAITS = "waits"
    STARTED = "started"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class LastTurn:
    """The last record, of `at`, and the time that it is about."""

    what: What
    due: datetime
    spoken: str
    at: datetime


_LAST = """
    SELECT json_extract(entry, '$.details.what') AS what, json_extract(entry, '$.details.due') AS due,
           json_extract(entry, '$.details.timetable') AS spoken, at
    FROM audit
    WHERE cluster = :cluster AND kind = :kind AND json_extract(entry, '$.details.job') = :job
    ORDER BY sequence DESC LIMIT 1
"""


def last_turn(db: Database, cluster: str, job: str) -> LastTurn | None:
    for row in db.query(_LAST, {"cluster": cluster, "kind": AuditKind.SCHEDULE.value, "job": job}):
        return LastTurn(What(row["what"]), datetime.fromisoformat(row["due"]), row["spoken"], from_text(row["at"]))
    return None
