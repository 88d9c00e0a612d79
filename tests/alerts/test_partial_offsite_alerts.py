"""What alerts about dumps off site see and say."""

from dataclasses import replace

from alerts.observation import Look
from alerts.probes.partial_offsite import partial_offsite
from alerts.rules.partial_offsite import PARTIAL_OFFSITE_DIFFERS_RULE, PARTIAL_OFFSITE_LATE_RULE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from servers.backups.partial.state import PartialBackup, PartialState, PartSeen
from servers.inventory import Encryption, OffsitePlace
from servers.state import Answer, OffsiteBackup, OffsiteState
from tests.alerts.looks import ANSWERED, CLUSTER, PLACE, UNREACHABLE, look
from tests.alerts.test_partial_backup_alerts import DUMP, dump

SEALED = replace(DUMP, encryption=Encryption(("F" * 40,)))
FAR = replace(CLUSTER, dumps=(SEALED,), backups=replace(PLACE, offsite=OffsitePlace("far-away")))


def sealed(hours_ago: float) -> PartialBackup:
    return dump(hours_ago, encrypted=True)


def seen(offsite: OffsiteState | None, *backups: PartialBackup, answer: Answer = ANSWERED) -> Look:
    found = look(cluster=FAR)
    part = PartSeen(SEALED, answer, backups, offsite=offsite)
    return replace(found, state=replace(found.state, partial=PartialState((part,))))


def there(*backups: PartialBackup, differences: tuple[str, ...] = ()) -> OffsiteState:
    return OffsiteState(ANSWERED, tuple(OffsiteBackup(one.name, 5, differences) for one in backups))


def judged(rule: Rule, of: Look) -> Result:
    return rule.judge(Reading("dump nightly", {one.name: one for one in partial_offsite(of)}, Thresholds()))


def test_only_what_may_leave_is_asked_for() -> None:
    assert partial_offsite(replace(seen(None), cluster=replace(FAR, dumps=(DUMP,)))) == ()
    assert partial_offsite(replace(seen(None), cluster=replace(CLUSTER, dumps=(SEALED,)))) == ()


def test_with_the_newest_one_there_all_is_well_and_one_that_waits_too_long_is_named() -> None:
    old, new = sealed(30.0), sealed(25.0)
    assert isinstance(judged(PARTIAL_OFFSITE_LATE_RULE, seen(there(new), new, old)), Ok)
    assert isinstance(judged(PARTIAL_OFFSITE_LATE_RULE, seen(there(old), sealed(0.1), old)), Ok)
    late = judged(PARTIAL_OFFSITE_LATE_RULE, seen(there(old), new, old))
    assert isinstance(late, Bad)
    assert new.name in late.evidence[0]


def test_what_is_not_as_it_was_copied_is_critical_and_named() -> None:
    one = sealed(1.0)
    result = judged(PARTIAL_OFFSITE_DIFFERS_RULE, seen(there(one, differences=("1.dump.gpg is missing",)), one))
    assert isinstance(result, Bad)
    assert (result.severity, result.value) == (Severity.CRITICAL, "1 file not as copied")
    assert isinstance(judged(PARTIAL_OFFSITE_DIFFERS_RULE, seen(there(one), one)), Ok)


def test_what_does_not_answer_is_neither_there_nor_missing() -> None:
    one = sealed(1.0)
    for silent in (seen(None, one), seen(OffsiteState(UNREACHABLE), one), look(cluster=FAR)):
        assert isinstance(judged(PARTIAL_OFFSITE_LATE_RULE, silent), Unknown)
        assert isinstance(judged(PARTIAL_OFFSITE_DIFFERS_RULE, silent), Unknown)
    assert isinstance(judged(PARTIAL_OFFSITE_LATE_RULE, seen(there(one), one, answer=UNREACHABLE)), Unknown)
