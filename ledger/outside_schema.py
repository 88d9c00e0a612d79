"""The table of alerts that others send."""

OUTSIDE_ALERTS = (
    """
    CREATE TABLE outside_alert (
        fingerprint TEXT PRIMARY KEY,
        cluster TEXT NOT NULL,
        subject TEXT NOT NULL,
        severity TEXT NOT NULL,
        firing INTEGER NOT NULL,
        lines TEXT NOT NULL,
        since TEXT NOT NULL,
        heard_at TEXT NOT NULL
    ) STRICT
    """,
)
