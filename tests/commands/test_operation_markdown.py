"""The report of an operation in Markdown."""

from datetime import UTC, datetime

from commands.operation_markdown import Told, markdown
from commands.plan import Check, CheckResult, Conclusion, Loss, Plan, Step
from ledger.operations import Operation, OperationState
from ledger.who import Who

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = Plan(
    kind="restore drill",
    cluster="shop",
    system_identifier="7300000000000000001",
    timeline=1,
    source=None,
    target="db2",
    steps=(Step("prove_restored", "db2", "Prove what came back", "", "", 1.0),),
    checks=(Check("room", "Disk space", CheckResult.PASS, "12 GB free"),),
    outage_seconds=0.0,
    loss=Loss(0, 0.0, ""),
)
OPERATION = Operation(
    "AB12", "restore drill", "shop", "{}", "f00d", Who("U1", "alice"), "the week's", "C1", NOON, NOON,
    OperationState.SUCCEEDED, finished_at=NOON,
)  # fmt: skip


def told(line: str) -> str:
    return markdown(Told(OPERATION, PLAN, Conclusion("All is there.", (("RTO", "6 s"),)), (line,)))


def test_it_has_what_was_measured_done_and_seen_and_whose_it_is() -> None:
    lines = told("3 databases (2 s)").splitlines()
    assert lines[0] == "# Restore drill of shop: db2: succeeded"
    assert "| RTO | 6 s |" in lines
    assert "| 1 | Prove what came back | db2 | 3 databases (2 s) |" in lines
    assert "| Disk space | pass | 12 GB free |" in lines
    assert "| Ended | 2026-03-01 12:00:00 UTC |" in lines


def test_nothing_that_a_server_said_is_markup_or_ends_a_cell() -> None:
    said = told("ERROR: a|b <script>\n# [x](y) `rm`")
    assert "| ERROR: a\\|b \\<script\\> \\# \\[x\\](y) \\`rm\\` |" in said
