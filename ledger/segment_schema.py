"""The tables of signed segments: who this ledger is, what was signed, and which copies still have to be written."""

AUDIT_SEGMENTS = (
    # Made once: what is signed for this ledger says nothing of any other.
    """
    CREATE TABLE ledger_identity (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id TEXT NOT NULL
    ) STRICT
    """,
    "INSERT INTO ledger_identity (one, id) VALUES (1, lower(hex(randomblob(16))))",
    """
    CREATE TRIGGER ledger_identity_no_update BEFORE UPDATE ON ledger_identity
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its identity'); END
    """,
    """
    CREATE TRIGGER ledger_identity_no_delete BEFORE DELETE ON ledger_identity
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its identity'); END
    """,
    # The columns are derived from the signed text, so that they cannot say anything else.
    """
    CREATE TABLE audit_segment (
        number INTEGER PRIMARY KEY,
        statement TEXT NOT NULL,
        signature TEXT NOT NULL,
        last INTEGER GENERATED ALWAYS AS (json_extract(statement, '$.last')) VIRTUAL
    ) STRICT
    """,
    """
    CREATE TRIGGER audit_segment_no_update BEFORE UPDATE ON audit_segment
    BEGIN SELECT RAISE(ABORT, 'a signed segment is never changed'); END
    """,
    """
    CREATE TRIGGER audit_segment_no_delete BEFORE DELETE ON audit_segment
    BEGIN SELECT RAISE(ABORT, 'a signed segment is never deleted'); END
    """,
    """
    CREATE TRIGGER audit_segment_append_only BEFORE INSERT ON audit_segment
    WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit_segment)
    BEGIN SELECT RAISE(ABORT, 'a segment may only follow the last one'); END
    """,
    # One row a segment that is to be written outside of this machine.
    """
    CREATE TABLE witness_copy (
        segment INTEGER PRIMARY KEY REFERENCES audit_segment (number),
        waiting_since TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        last_error TEXT,
        next_try_at TEXT,
        written_at TEXT,
        place TEXT
    ) STRICT
    """,
    "CREATE INDEX witness_copy_waiting ON witness_copy (segment) WHERE written_at IS NULL",
)
