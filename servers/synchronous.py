"""Synchronous replication: how many standbys a commit waits for, and whether they are there. Pure.

https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-SYNCHRONOUS-STANDBY-NAMES
"""

import re

from servers.state import SqlFacts

# “FIRST 2 (a, b)”, “ANY 1 (*)” and, as before 9.6's FIRST, “2 (a, b)”. A list alone asks for one.
_NUMBERED = re.compile(r"\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(", re.IGNORECASE)


def synchronous_standbys_wanted(names: str) -> int:
    """How many standbys a commit waits for, by the value of synchronous_standby_names."""
    if not names.strip():
        return 0
    numbered = _NUMBERED.match(names)
    return int(numbered.group(1)) if numbered else 1


def synchronous_standbys_present(primary: SqlFacts) -> int:
    """How many standbys may confirm a commit now. With ANY they may be more than are asked for."""
    return sum(row.sync_state in ("sync", "quorum") for row in primary.replication)


def synchronous_standbys_missing(primary: SqlFacts) -> int:
    """How many fewer they are than a commit waits for: above zero, commits wait."""
    return max(
        0, synchronous_standbys_wanted(primary.synchronous_standby_names) - synchronous_standbys_present(primary)
    )
