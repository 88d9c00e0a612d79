"""The table of Patroni's pauses: see `ledger.patroni_pauses`."""

PATRONI_PAUSES: tuple[str, ...] = (
    """
    CREATE TABLE patroni_pause (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        cluster TEXT NOT NULL,
        state TEXT NOT NULL,
        note TEXT NOT NULL,
        tried_at TEXT,
        tries INTEGER NOT NULL,
        since TEXT NOT NULL,
        ended_at TEXT
    ) STRICT
    """,
    "CREATE UNIQUE INDEX patroni_pause_open ON patroni_pause (cluster) WHERE ended_at IS NULL",
)
