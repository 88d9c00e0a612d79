"""What is said when the ledger's copy off site is late."""

from datetime import timedelta

from alerts.itself import OwnState
from alerts.probes.ledger_copy import ledger_copy
from alerts.rules.ledger_copy import LEDGER_COPY_RULE
from alerts.rules.rule import Bad, Ok, Reading, Result
from alerts.thresholds import Thresholds
from ledger.copies import LedgerCopies
from tests.alerts.looks import NOW


def judged(copies: LedgerCopies) -> Result:
    seen = {one.name: one for one in ledger_copy(OwnState(NOW, copies=copies))}
    return LEDGER_COPY_RULE.judge(Reading("ledger", seen, Thresholds()))


def test_where_no_copy_is_wanted_nothing_is_said() -> None:
    assert ledger_copy(OwnState(NOW)) == ()


def test_one_that_was_made_lately_is_well() -> None:
    assert isinstance(judged(LedgerCopies(NOW - timedelta(days=9), NOW - timedelta(minutes=6))), Ok)


def test_one_that_is_late_says_why() -> None:
    result = judged(LedgerCopies(NOW - timedelta(days=9), NOW - timedelta(hours=1), "the store says: no"))
    assert isinstance(result, Bad)
    assert result.value == "not off site for 1 h"
    assert result.evidence == ("the ledger was last off site 1 h ago", "the store says: no")


def test_one_that_was_never_made_counts_from_the_start_of_the_process() -> None:
    assert isinstance(judged(LedgerCopies(NOW - timedelta(minutes=6))), Ok)
    assert isinstance(judged(LedgerCopies(NOW - timedelta(hours=1))), Bad)
