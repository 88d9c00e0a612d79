"""The tables of what is done without a person: see `ledger.outages` and `ledger.old_primaries`."""

AUTOMATIC: tuple[str, ...] = (
    """
    CREATE TABLE outage (
        id TEXT PRIMARY KEY,
        cluster TEXT NOT NULL,
        server TEXT NOT NULL,
        opened_at TEXT NOT NULL,
        state TEXT NOT NULL,
        round INTEGER NOT NULL,
        plan_hash TEXT,
        acts_at TEXT,
        hastened INTEGER NOT NULL,
        decided_by_id TEXT,
        decided_by_name TEXT,
        decided_at TEXT,
        told TEXT NOT NULL,
        operation_id TEXT REFERENCES operation (id),
        ended_at TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX outage_open ON outage (cluster) WHERE ended_at IS NULL",
    """
    CREATE TABLE old_primary (
        operation_id TEXT PRIMARY KEY REFERENCES operation (id),
        cluster TEXT NOT NULL,
        server TEXT NOT NULL,
        promoted TEXT NOT NULL,
        since TEXT NOT NULL,
        told TEXT,
        ended_at TEXT,
        ended_why TEXT
    ) STRICT
    """,
    "CREATE INDEX old_primary_guarded ON old_primary (cluster) WHERE ended_at IS NULL",
)
