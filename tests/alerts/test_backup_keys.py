"""The alert of keys that backups are encrypted to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.probes.backup_keys import backup_keys
from alerts.rules.backup_keys import BACKUP_KEYS_RULE
from alerts.rules.rule import Bad, Ok, Reading, Result, Unknown
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from servers.inventory import Encryption
from servers.state import Answer, BackupState, EncryptionKey
from tests.alerts.looks import ANSWERED, CLUSTER, NOW, PLACE, look
from tests.alerts.test_backup_alerts import SILENT

SEALED = replace(CLUSTER, backups=replace(PLACE, encryption=Encryption(("AAAA", "BBBB"))))
FOREVER = EncryptionKey("AAAA")


def judged(*keys: EncryptionKey, answer: Answer = ANSWERED) -> Result:
    seen = replace(look(backups=BackupState(answer, (), None, None, keys=keys)), cluster=SEALED)
    by_name = {one.name: one for one in backup_keys(seen)}
    return BACKUP_KEYS_RULE.judge(Reading(CLUSTER.name, by_name, Thresholds()))


def until(days: float) -> EncryptionKey:
    return EncryptionKey("BBBB", NOW + timedelta(days=days))


def test_keys_that_last_are_well() -> None:
    assert judged(FOREVER) == Ok("no key expires")
    assert isinstance(judged(FOREVER, until(40)), Ok)


def test_the_first_to_expire_counts_and_is_named() -> None:
    result = judged(FOREVER, until(3))

    assert isinstance(result, Bad)
    assert result.severity is Severity.WARNING
    assert result.evidence == ("key BBBB expires in 3 d",)


@pytest.mark.parametrize("key", [until(-1), EncryptionKey("BBBB", missing=True)])
def test_one_that_cannot_be_used_is_critical(key: EncryptionKey) -> None:
    result = judged(FOREVER, key)

    assert isinstance(result, Bad)
    assert result.severity is Severity.CRITICAL


def test_what_is_not_seen_is_unknown_and_without_encryption_nothing_is_said() -> None:
    assert isinstance(judged(answer=SILENT), Unknown)
    assert isinstance(judged(), Unknown)
    assert backup_keys(look(backups=BackupState(ANSWERED, (), None, None))) == ()
