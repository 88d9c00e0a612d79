"""The audit log: append-only, each record chained to the one before it by its hash.

hash = SHA-256 of the canonical JSON of {"entry", "previous", "sequence"}; the first record's previous is 64 zeros.
Triggers refuse changes; `ledger.audit_chain` finds those that were made past the triggers.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlite_utils import Database

from ledger.canonical import JsonValue, canonical, plain
from ledger.redact import redacted
from ledger.times import from_text, to_text, to_text_or_none

GENESIS = "0" * 64


class AuditKind(StrEnum):
    """What a record is about."""

    STARTED = "started"
    STOPPED = "stopped"
    SETTINGS_LOADED = "settings loaded"
    COMMAND = "command"
    REFUSAL = "refusal"
    PLAN = "plan"
    APPROVAL_REQUESTED = "approval requested"
    APPROVAL_GIVEN = "approval given"
    APPROVAL_REJECTED = "approval rejected"
    APPROVAL_EXPIRED = "approval expired"
    APPROVAL_CANCELLED = "approval cancelled"
    OPERATION_STARTED = "operation started"
    OPERATION_INTERRUPTED = "operation interrupted"
    OPERATION_RESUMED = "operation resumed"
    OPERATION_FINISHED = "operation finished"
    STEP_INTENT = "step intent"
    STEP_RESULT = "step result"
    LOCK_TAKEN_OVER = "lock taken over"
    AUTOMATIC_FAILOVER = "automatic failover"
    SCHEDULE = "schedule"
    OLD_PRIMARY = "old primary"
    ALERT_CHANGE = "alert change"
    ACKNOWLEDGEMENT = "acknowledgement"
    SILENCE = "silence"
    SILENCE_ENDED = "silence ended"
    STORM_BEGUN = "storm begun"  # so many alerts at once that they are told in one table
    STORM_ENDED = "storm ended"
    MAINTENANCE_PLANNED = "maintenance planned"
    MAINTENANCE_BEGUN = "maintenance begun"
    MAINTENANCE_ENDED = "maintenance ended"
    PATRONI_PAUSE = "patroni pause"  # that maintenance asks of it, and that its end takes back
    INSTANCE_KEPT = "instance kept"  # a restored instance, for longer
    INSTANCE_OVERDUE = "instance overdue"
    NOTE = "note"  # that somebody, or a machine that deploys, wrote for those who look later
    BREAK_GLASS = "break glass"  # an order that one person started alone, because the policy lets them
    AUDIT_EXPORTED = "audit exported"
    LEDGER_BROUGHT_BACK = "ledger brought back"  # from a copy off site: what came after that copy is not in this log
    WITNESS_WRITTEN = "witness written"
    WITNESS_FAILED = "witness failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. `id` is what rights hang on, `name` is for people, `face` is where they came in ("slack",
    "terminal"; "process" for Understudy itself)."""

    id: str
    name: str
    face: str


UNDERSTUDY = Actor(id="understudy", name="Understudy", face="process")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What is to be recorded. `at` is aware; `place` is the channel; `text` is what was typed, as it was typed.

    `details` holds plain values (see `ledger.canonical.plain`; floats come back as their decimal text).
    `key` is unique to the delivery where one must leave exactly one record.
    """

    at: datetime
    kind: AuditKind
    actor: Actor
    cluster: str | None = None
    place: str | None = None
    text: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it stands in the log. `repeated` tells that `append` found it there already."""

    sequence: int
    previous: str
    hash: str
    entry: AuditEntry
    repeated: bool = False


_HEAD = "SELECT count, hash FROM audit_head"
_INSERT = "INSERT INTO audit (sequence, previous, hash, entry) VALUES (:sequence, :previous, :hash, :entry)"
_BY_KEY = "SELECT sequence, previous, hash, entry FROM audit WHERE key = :key"
_PEOPLE = """
    SELECT actor_id, max(sequence) AS newest, json_extract(entry, '$.actor.name') AS name
    FROM audit GROUP BY actor_id, name ORDER BY newest DESC
"""
# Only the filters that are asked for, so that SQLite can choose their index.
_FILTERS = {
    "people": "actor_id IN (SELECT value FROM json_each(:people))",
    "cluster": "cluster = :cluster",
    "kinds": "kind IN (SELECT value FROM json_each(:kinds))",
    # What was asked for under that name, and all that came of it.
    "command": """
        (json_extract(entry, '$.details.command') = :command OR json_extract(entry, '$.details.order') = :command
         OR json_extract(entry, '$.details.operation') IN (
             SELECT json_extract(entry, '$.details.operation') FROM audit
             WHERE json_extract(entry, '$.details.order') = :command))
    """,
    "since": "at >= :since",
    "until": "at < :until",
}
_RECENT = "SELECT sequence, previous, hash, entry FROM audit WHERE {filters} ORDER BY sequence DESC LIMIT :n"
_MATCHING = "SELECT sequence, previous, hash, entry FROM audit WHERE {filters} ORDER BY sequence"


_OF_KIND = """
    SELECT sequence, previous, hash, entry FROM audit
    WHERE kind = :kind AND at >= :since AND at < :until AND (cluster = :cluster OR cluster IS NULL)
    ORDER BY at DESC, sequence DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are wanted; None means all. `people` are actors' ids, `command` is a command's name (what came of
    an order counts to it), `since` is included, `until` is not."""

    people: tuple[str, ...] | None = None
    cluster: str | None = None
    kinds: tuple[AuditKind, ...] | None = None
    command: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def parameters(self) -> dict[str, str]:
        """Those that are asked for, as SQL takes them."""
        given = {
            "people": None if self.people is None else json.dumps(self.people),
            "cluster": self.cluster,
            "kinds": None if self.kinds is None else json.dumps([kind.value for kind in self.kinds]),
            "command": self.command,
            "since": to_text_or_none(self.since),
            "until": to_text_or_none(self.until),
        }
        return {name: value for name, value in given.items() if value is not None}


def append(db: Database, entry: AuditEntry) -> AuditRecord:
    """Adds the entry, without secrets, to the end of the log; within the caller's write.

    When a record with the same key stands already, that one comes back as `repeated` and nothing is added.
    Raises ValueError for a time without zone, TypeError for details that have no plain form.
    """
    text = canonical(_entry_json(db, entry))
    recorded = _entry_from(text)
    if recorded.key is not None:
        for row in db.query(_BY_KEY, {"key": recorded.key}):
            return replace(_record(row), repeated=True)
    count, previous = db.execute(_HEAD).fetchone()
    sequence = count + 1
    digest = record_hash(sequence, previous, text)
    db.execute(_INSERT, {"sequence": sequence, "previous": previous, "hash": digest, "entry": text})
    return AuditRecord(sequence, previous, digest, recorded)


def recent(
    db: Database,
    n: int,
    *,
    person: str | None = None,
    cluster: str | None = None,
    kinds: Iterable[AuditKind] | None = None,
    since: datetime | None = None,
) -> list[AuditRecord]:
    """The last `n` records, newest first. `person` is an actor's id."""
    people = None if person is None else (person,)
    wanted = None if kinds is None else tuple(kinds)
    return newest(db, n, AuditFilter(people=people, cluster=cluster, kinds=wanted, since=since))


def newest(db: Database, n: int, wanted: AuditFilter) -> list[AuditRecord]:
    """The last `n` records that are wanted, newest first."""
    parameters = wanted.parameters()
    sql = _RECENT.format(filters=_conditions(parameters))
    return [_record(row) for row in db.query(sql, {**parameters, "n": n})]


def of_kind(
    db: Database, kind: AuditKind, cluster: str, since: datetime, until: datetime, most: int
) -> list[AuditRecord]:
    """The last `most` records of that kind about the cluster, or about no cluster in particular; newest first."""
    span = {"since": to_text(since), "until": to_text(until)}
    parameters = {"kind": kind.value, "cluster": cluster, "most": most, **span}
    return [_record(row) for row in db.query(_OF_KIND, parameters)]


def matching(db: Database, wanted: AuditFilter) -> Iterator[tuple[int, str, str, str]]:
    """Sequence, previous, hash and entry (JSON text) of the records that are wanted, oldest first. Lazy."""
    parameters = wanted.parameters()
    return cast(
        Iterator[tuple[int, str, str, str]],
        db.execute(_MATCHING.format(filters=_conditions(parameters)), parameters),
    )


def actors(db: Database) -> list[tuple[str, str]]:
    """Id and name of everybody who has left a record, under every name they had; those of late first."""
    return [(row["actor_id"], row["name"]) for row in db.query(_PEOPLE)]


def record_count(db: Database) -> tuple[int, str]:
    """How many records there are, and the hash of the last one."""
    count, digest = db.execute(_HEAD).fetchone()
    return int(count), str(digest)


def _conditions(parameters: Mapping[str, str]) -> str:
    return " AND ".join(sql for name, sql in _FILTERS.items() if name in parameters) or "true"


def record_hash(sequence: int, previous: str, entry: str) -> str:
    """`entry` is canonical JSON, so the whole is: its keys stand in sorted order."""
    whole = f'{{"entry":{entry},"previous":{json.dumps(previous)},"sequence":{sequence}}}'
    return hashlib.sha256(whole.encode("ascii")).hexdigest()


def _entry_json(db: Database, entry: AuditEntry) -> JsonValue:
    name, text, details = cast(
        tuple[str, str | None, dict[str, JsonValue]],
        redacted(db, [entry.actor.name, entry.text, plain(entry.details)]),
    )
    return {
        "at": to_text(entry.at),
        "kind": entry.kind.value,
        "actor": {"id": entry.actor.id, "name": name, "face": entry.actor.face},
        "cluster": entry.cluster,
        "place": entry.place,
        "text": text,
        "details": details,
        "key": entry.key,
    }


def _entry_from(text: str) -> AuditEntry:
    value = json.loads(text)
    return AuditEntry(
        at=from_text(value["at"]),
        kind=AuditKind(value["kind"]),
        actor=Actor(**value["actor"]),
        cluster=value["cluster"],
        place=value["place"],
        text=value["text"],
        details=value["details"],
        key=value["key"],
    )


def _record(row: Mapping[str, Any]) -> AuditRecord:
    return AuditRecord(row["sequence"], row["previous"], row["hash"], _entry_from(row["entry"]))
