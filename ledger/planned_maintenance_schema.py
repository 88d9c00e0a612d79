"""The table of maintenance that is planned ahead: see `ledger.planned_maintenance`."""

PLANNED_MAINTENANCE: tuple[str, ...] = (
    """
    CREATE TABLE planned_maintenance (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cluster TEXT NOT NULL,
        by_id TEXT NOT NULL,
        by_name TEXT NOT NULL,
        reason TEXT NOT NULL,
        channel TEXT NOT NULL,
        since TEXT NOT NULL,
        until TEXT NOT NULL,
        done_at TEXT,
        cancelled_by_id TEXT,
        cancelled_by_name TEXT
    ) STRICT
    """,
    "CREATE INDEX planned_maintenance_ahead ON planned_maintenance (since) WHERE done_at IS NULL",
)
