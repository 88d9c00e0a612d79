"""The table of maintenance: see `ledger.maintenance`."""

MAINTENANCE: tuple[str, ...] = (
    """
    CREATE TABLE maintenance (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cluster TEXT NOT NULL,
        by_id TEXT NOT NULL,
        by_name TEXT NOT NULL,
        reason TEXT NOT NULL,
        channel TEXT NOT NULL,
        since TEXT NOT NULL,
        until TEXT NOT NULL,
        ended_at TEXT,
        ended_by_id TEXT,
        ended_by_name TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX maintenance_open ON maintenance (cluster) WHERE ended_at IS NULL",
)
