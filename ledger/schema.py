"""The ledger's tables. A migration that has been released is never changed; a new one is added behind it.

`PRAGMA user_version` holds how many have been applied, `PRAGMA application_id` marks the file as a ledger.
"""

from ledger.alert_life_schema import ALERT_LIFE
from ledger.automatic_schema import AUTOMATIC
from ledger.forwarding_schema import FORWARDED_ALERTS
from ledger.instance_schema import RESTORED_INSTANCES
from ledger.maintenance_schema import MAINTENANCE
from ledger.outside_schema import OUTSIDE_ALERTS
from ledger.patroni_pause_schema import PATRONI_PAUSES
from ledger.planned_maintenance_schema import PLANNED_MAINTENANCE
from ledger.segment_schema import AUDIT_SEGMENTS

# "UDSY" as four bytes. https://www.sqlite.org/pragma.html#pragma_application_id
APPLICATION_ID = 0x55445359

# The columns that filters use are derived from the hashed text, so that they cannot say anything else.
_AUDIT = (
    """
    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL,
        entry TEXT NOT NULL,
        at TEXT GENERATED ALWAYS AS (json_extract(entry, '$.at')) VIRTUAL,
        kind TEXT GENERATED ALWAYS AS (json_extract(entry, '$.kind')) VIRTUAL,
        actor_id TEXT GENERATED ALWAYS AS (json_extract(entry, '$.actor.id')) VIRTUAL,
        cluster TEXT GENERATED ALWAYS AS (json_extract(entry, '$.cluster')) VIRTUAL,
        key TEXT GENERATED ALWAYS AS (json_extract(entry, '$.key')) VIRTUAL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX audit_key ON audit (key) WHERE key IS NOT NULL",
    "CREATE INDEX audit_actor ON audit (actor_id, sequence)",
    "CREATE INDEX audit_cluster ON audit (cluster, sequence) WHERE cluster IS NOT NULL",
    # Where the chain ends, kept apart from it: without this a cut tail would leave a shorter chain that is whole.
    """
    CREATE TABLE audit_head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        count INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT
    """,
    "INSERT INTO audit_head (one, count, hash) VALUES (1, 0, '" + "0" * 64 + "')",
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: no record may be changed'); END
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: no record may be deleted'); END
    """,
    # Also stops INSERT OR REPLACE, which deletes without firing the trigger above.
    """
    CREATE TRIGGER audit_append_only BEFORE INSERT ON audit
    WHEN NOT EXISTS (SELECT 1 FROM audit_head WHERE NEW.sequence = count + 1 AND NEW.previous = hash)
        OR EXISTS (SELECT 1 FROM audit WHERE key = json_extract(NEW.entry, '$.key'))
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only: a record may only follow the last one'); END
    """,
    """
    CREATE TRIGGER audit_head_follows AFTER INSERT ON audit
    BEGIN UPDATE audit_head SET count = NEW.sequence, hash = NEW.hash; END
    """,
    """
    CREATE TRIGGER audit_head_no_change BEFORE UPDATE ON audit_head
    WHEN NOT EXISTS (
        SELECT 1 FROM audit
        WHERE sequence = NEW.count AND hash = NEW.hash AND sequence = OLD.count + 1 AND previous = OLD.hash
    )
    BEGIN SELECT RAISE(ABORT, 'the end of the audit log may only move on by one record'); END
    """,
    """
    CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the end of the audit log may not be deleted'); END
    """,
    """
    CREATE TRIGGER audit_head_no_insert BEFORE INSERT ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the audit log has one end only'); END
    """,
)

_OPERATIONS = (
    """
    CREATE TABLE operation (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        cluster TEXT NOT NULL,
        plan TEXT NOT NULL,
        plan_hash TEXT NOT NULL,
        requester_id TEXT NOT NULL,
        requester_name TEXT NOT NULL,
        reason TEXT NOT NULL,
        channel TEXT,
        created_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        state TEXT NOT NULL,
        fencing INTEGER,
        finished_at TEXT,
        result TEXT
    ) STRICT
    """,
    "CREATE INDEX operation_created ON operation (created_at)",
    """
    CREATE TABLE approval (
        operation_id TEXT NOT NULL REFERENCES operation (id),
        person_id TEXT NOT NULL,
        person_name TEXT NOT NULL,
        decision TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (operation_id, person_id)
    ) STRICT
    """,
    """
    CREATE TRIGGER approval_never_by_requester BEFORE INSERT ON approval
    WHEN EXISTS (SELECT 1 FROM operation WHERE id = NEW.operation_id AND requester_id = NEW.person_id)
    BEGIN SELECT RAISE(ABORT, 'the requester is never an approver'); END
    """,
    """
    CREATE TRIGGER approval_no_update BEFORE UPDATE ON approval
    BEGIN SELECT RAISE(ABORT, 'a decision stands as it was made'); END
    """,
    """
    CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval
    BEGIN SELECT RAISE(ABORT, 'a decision stands as it was made'); END
    """,
    # One row an attempt: a step that is tried again after a crash keeps the record of the first try.
    """
    CREATE TABLE step (
        operation_id TEXT NOT NULL REFERENCES operation (id),
        step INTEGER NOT NULL,
        direction TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        action TEXT NOT NULL,
        server TEXT NOT NULL,
        fencing INTEGER NOT NULL,
        intended_at TEXT NOT NULL,
        finished_at TEXT,
        status TEXT,
        exit_status INTEGER,
        output_digest TEXT,
        detail TEXT,
        duration_us INTEGER,
        PRIMARY KEY (operation_id, step, direction, attempt)
    ) STRICT
    """,
    """
    CREATE TABLE cluster_lock (
        cluster TEXT PRIMARY KEY,
        operation_id TEXT NOT NULL REFERENCES operation (id),
        owner TEXT NOT NULL,
        fencing INTEGER NOT NULL UNIQUE,
        acquired_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE fencing (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        last INTEGER NOT NULL
    ) STRICT
    """,
    "INSERT INTO fencing (one, last) VALUES (1, 0)",
    """
    CREATE TRIGGER fencing_only_grows BEFORE UPDATE ON fencing WHEN NEW.last <= OLD.last
    BEGIN SELECT RAISE(ABORT, 'fencing numbers only grow'); END
    """,
)

_ALERTS = (
    """
    CREATE TABLE alert (
        id TEXT PRIMARY KEY,
        rule TEXT NOT NULL,
        cluster TEXT NOT NULL,
        subject TEXT NOT NULL,
        severity TEXT NOT NULL,
        state TEXT NOT NULL,
        value TEXT NOT NULL,
        threshold TEXT NOT NULL,
        evidence TEXT NOT NULL,
        group_key TEXT NOT NULL,
        since TEXT NOT NULL,
        last_seen_at TEXT NOT NULL,
        fired_at TEXT,
        resolved_at TEXT,
        acknowledged_by_id TEXT,
        acknowledged_by_name TEXT,
        acknowledged_at TEXT,
        silenced_by_id TEXT,
        silenced_by_name TEXT,
        silenced_until TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX alert_open ON alert (rule, cluster, subject) WHERE state <> 'resolved'",
    "CREATE INDEX alert_since ON alert (since)",
    "CREATE INDEX alert_group ON alert (group_key)",
    """
    CREATE TABLE silence (
        id TEXT PRIMARY KEY,
        cluster TEXT,
        rule TEXT,
        subject TEXT,
        reason TEXT NOT NULL,
        by_id TEXT NOT NULL,
        by_name TEXT NOT NULL,
        since TEXT NOT NULL,
        until TEXT,
        ended_at TEXT
    ) STRICT
    """,
)

_OUTBOX = (
    """
    CREATE TABLE outbox_card (
        card TEXT PRIMARY KEY,
        parent TEXT REFERENCES outbox_card (card),
        first_item INTEGER NOT NULL,
        unanswered INTEGER NOT NULL DEFAULT 0,
        channel TEXT,
        ts TEXT,
        shown_item INTEGER,
        content_hash TEXT,
        shown_at TEXT
    ) STRICT
    """,
    "CREATE INDEX outbox_card_parent ON outbox_card (parent) WHERE parent IS NOT NULL",
    """
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        created_at TEXT NOT NULL,
        waiting_since TEXT NOT NULL,
        channel TEXT NOT NULL,
        card TEXT NOT NULL,
        page TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        broadcast INTEGER NOT NULL,
        state TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        next_try_at TEXT,
        last_error TEXT,
        done_at TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX outbox_waiting ON outbox (card) WHERE state = 'waiting'",
    "CREATE INDEX outbox_unshown ON outbox (waiting_since) WHERE state IN ('waiting', 'sending')",
    "CREATE UNIQUE INDEX outbox_sending ON outbox (card) WHERE state = 'sending'",
)

# What a step found is needed by later ones, in whatever process; a wish to cancel reaches whoever runs the operation.
_DURABLE_OPERATIONS = (
    "ALTER TABLE step ADD COLUMN found TEXT",
    "ALTER TABLE operation ADD COLUMN cancel_id TEXT",
    "ALTER TABLE operation ADD COLUMN cancel_name TEXT",
)

# After an outage the lines of a thread are told in one.
_CAUGHT_UP = ("ALTER TABLE outbox_card ADD COLUMN folded_into TEXT",)

# What happened at a time is looked for by its kind, whenever an alert is drawn.
_AUDIT_BY_KIND = ("CREATE INDEX audit_kind ON audit (kind, at)",)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (*_AUDIT, *_OPERATIONS, *_ALERTS, *_OUTBOX),
    AUDIT_SEGMENTS,
    AUTOMATIC,
    MAINTENANCE,
    _DURABLE_OPERATIONS,
    PATRONI_PAUSES,
    RESTORED_INSTANCES,
    ALERT_LIFE,
    PLANNED_MAINTENANCE,
    _CAUGHT_UP,
    OUTSIDE_ALERTS,
    FORWARDED_ALERTS,
    _AUDIT_BY_KIND,
)
