"""What an alert remembers of how it was told, silences by matcher, and storms: see `ledger.alerts`, `ledger.silences`
and `ledger.storms`."""

ALERT_LIFE: tuple[str, ...] = (
    "ALTER TABLE alert ADD COLUMN channel TEXT",
    "ALTER TABLE alert ADD COLUMN raised_in TEXT",
    "ALTER TABLE alert ADD COLUMN silence_id TEXT",
    "ALTER TABLE alert ADD COLUMN called INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE alert ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE alert ADD COLUMN told_at TEXT",
    "ALTER TABLE alert ADD COLUMN asked_at TEXT",
    "ALTER TABLE alert ADD COLUMN firings TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE alert ADD COLUMN flapping_since TEXT",
    "ALTER TABLE alert ADD COLUMN flaps INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX alert_channel ON alert (channel, fired_at) WHERE channel IS NOT NULL",
    "ALTER TABLE silence ADD COLUMN severity TEXT",
    "ALTER TABLE silence ADD COLUMN ended_by_id TEXT",
    "ALTER TABLE silence ADD COLUMN ended_by_name TEXT",
    """
    CREATE TABLE storm (
        id TEXT PRIMARY KEY,
        channel TEXT NOT NULL,
        began_at TEXT NOT NULL,
        ended_at TEXT,
        alerts INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    "CREATE UNIQUE INDEX storm_open ON storm (channel) WHERE ended_at IS NULL",
)
