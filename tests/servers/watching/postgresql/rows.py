"""Rows as a server answers STATISTICS with, made to order."""

from typing import Any


def hexadecimal(text: str | bytes) -> str:
    return (text if isinstance(text, bytes) else text.encode()).hex()


def session(pid: int | None = 7, **changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "pid": pid, "user_hex": hexadecimal("app"), "database_hex": hexadecimal("shop"),
        "application_name": "checkout", "client_address": "192.0.2.9", "backend_type": "client backend",
        "state": "active", "wait_event_type": None, "wait_event": None, "transaction_age": 5.0, "state_age": 4.0,
        "query_hex": hexadecimal("SELECT 1"), "blocked_by": None, "mode": None, "wait_age": None,
    }  # fmt: skip
    return {**told, **changed}


def row(**changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "version_number": 180004, "now": 1000.0, "started": 10.0, "in_recovery": False, "sees_everything": True,
        "connections": {"active": 1, "idle": 4}, "waiting": 0, "transactions": [], "idle_in_transaction": [],
        "locked": [], "xmin_holders": [], "prepared": [],
        "ages": [{"database_hex": hexadecimal("shop"), "transaction_ids": 1000, "multixacts": 1}],
        "databases": [{"database_hex": hexadecimal("shop")}],
        "counters": {"blocks_read": 10.0, "blocks_hit": 90.0, "temp_files": 0.0, "temp_bytes": 0.0, "deadlocks": 0.0,
                     "recovery_conflicts": 0.0, "commits": 5.0, "rollbacks": 0.0},
        "databases_reset": None,
        "conflicts": {"tablespace": 0.0, "lock": 0.0, "snapshot": 0.0, "buffer pin": 0.0, "deadlock": 0.0},
        "checksum_failures": [],
        "checkpoints": {"timed": 1.0, "requested": 0.0, "write_seconds": 2.0, "sync_seconds": 0.1, "reset": 10.0},
        "settings": {"shared_buffers": "128MB"}, "pending_restart": [], "replication_links": [],
        "has_statement_statistics": False,
    }  # fmt: skip
    return {**told, **changed}
