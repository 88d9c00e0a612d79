"""The table of alerts that were forwarded to a paging service."""

FORWARDED_ALERTS = (
    """
    CREATE TABLE forwarded_alert (
        service TEXT NOT NULL,
        alert_id TEXT NOT NULL,
        told TEXT NOT NULL,
        told_at TEXT NOT NULL,
        PRIMARY KEY (service, alert_id)
    ) STRICT
    """,
)
