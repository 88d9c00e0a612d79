"""The table of recovered instances beside running servers."""

RESTORED_INSTANCES = (
    """
    CREATE TABLE restored_instance (
        operation TEXT PRIMARY KEY REFERENCES operation (id),
        cluster TEXT NOT NULL,
        server TEXT NOT NULL,
        directory TEXT NOT NULL,
        key TEXT NOT NULL,
        target TEXT NOT NULL,
        made_at TEXT NOT NULL,
        keep_until TEXT NOT NULL,
        reminded_at TEXT,
        dropped_at TEXT
    ) STRICT
    """,
)
