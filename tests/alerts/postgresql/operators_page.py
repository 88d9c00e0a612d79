"""The table of rules in docs/watching-postgresql.md, as the rules themselves have it.

`python -m tests.alerts.postgresql.operators_page` writes it anew.
"""

from collections.abc import Sequence
from pathlib import Path

from alerts.rules import RULES
from alerts.rules.read_thresholds import thresholds_read
from alerts.rules.rule import Rule
from alerts.thresholds import Thresholds
from bot.thresholds_settings import default_text
from ledger.quantities import seconds_text

PAGE = Path(__file__).parents[3] / "docs" / "watching-postgresql.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"

SECTIONS: dict[str, tuple[str, ...]] = {
    "Replication": (
        "replay_lag", "flush_lag", "receiver_silent", "synchronous_standbys", "slot_wal", "slot_unused",
        "recovery_conflicts", "replication_encryption",
    ),
    "Sessions and locks": (
        "connections", "blocked_sessions", "deadlocks", "idle_in_transaction", "long_transaction",
        "prepared_transaction",
    ),
    "VACUUM and ages": ("xmin_horizon", "transaction_ids", "multixacts", "autovacuum_behind"),
    "Writing, reading and memory": (
        "checksum_failures", "wal_archive", "checkpoints", "temporary_files", "cache_hit",
    ),
    "Settings, certificates and releases": (
        "settings_pending_restart", "settings_differ", "server_certificate", "versions_differ", "release_outdated",
    ),
}  # fmt: skip


def page() -> str:
    """What stands between the marks."""
    by_name = {rule.name: rule for rule in RULES}
    parts = [_section(title, [by_name[name] for name in names]) for title, names in SECTIONS.items()]
    return "\n".join(parts)


def _section(title: str, rules: Sequence[Rule]) -> str:
    head = f"### {title}\n| rule | thresholds | for | why, and what to do |\n| --- | --- | --- | --- |\n"
    return head + "".join(_row(rule) for rule in rules)


def _row(rule: Rule) -> str:
    thresholds = "<br>".join(f"`{name} = {default_text(name)}`" for name in thresholds_read(rule)) or "none"
    hold = seconds_text(rule.hold(Thresholds())) if rule.hold(Thresholds()) else "at once"
    return f"| `{rule.name}` | {thresholds} | {hold} | {rule.why} *{rule.mend}* |\n"


def with_table(text: str, table: str) -> str:
    """The page with that table in it. ValueError where it has no place for one."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE.name} has no place for the rules")
    return f"{before}{BEGIN}{table}{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(), page()))
