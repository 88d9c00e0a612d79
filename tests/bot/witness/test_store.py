"""Signed heads in S3 under Object Lock: whoever owns the bot's disk, and its key, cannot rewrite the past unseen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from sqlite_utils import Database

from bot.witness.reading import WitnessesFound, WitnessUnreadable, read_witnesses
from bot.witness.store import Bucket, NotWritten, S3Store, object_key, s3_client
from ledger.audit import append
from ledger.audit_chain import Outside, verify
from ledger.audit_segments import Segment, close_segment, ledger_id
from ledger.connection import connect, prepare
from ledger.redact import Redactor
from ledger.signing import SigningKey
from tests.bot.witness.conftest import NAME, PREFIX, REGION, Vault
from tests.ledger.values import entry

NOW = datetime.now(UTC)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Database]:
    prepare(tmp_path / "ledger.db", create=True)
    db = connect(tmp_path / "ledger.db", Redactor(), writable=True)
    yield db
    db.close()


def written(log: Database, key: SigningKey, vault: Vault, records: int = 3) -> Segment:
    """Some records more, signed and in the vault."""
    for _ in range(records):
        append(log, entry())
    segment = close_segment(log, key, NOW)
    assert segment is not None
    vault.store.write(segment, NOW)
    return segment


def in_vault(vault: Vault, log: Database) -> WitnessesFound:
    return read_witnesses(f"s3://{NAME}/{PREFIX}", REGION, vault.url, ledger_id(log))


def test_what_is_written_is_locked_and_can_be_verified_against(log: Database, key: SigningKey, vault: Vault) -> None:
    segment = written(log, key, vault)
    held = vault.client.get_object(Bucket=NAME, Key=object_key(PREFIX, segment))
    assert held["ObjectLockMode"] == "GOVERNANCE"
    assert held["ObjectLockRetainUntilDate"] > NOW + timedelta(days=29)
    found = in_vault(vault, log)
    assert found.findings == ()
    result = verify(log, outside=Outside(keys=(key.public,), witnesses=found.witnesses))
    assert (result.ok, result.witnessed) == (True, 3)


def test_a_lost_answer_is_written_again_without_a_second_version(log: Database, key: SigningKey, vault: Vault) -> None:
    segment = written(log, key, vault)
    vault.store.write(segment, NOW + timedelta(minutes=1))
    assert len(vault.keys()) == 1


def test_what_somebody_else_put_there_is_never_overwritten(log: Database, key: SigningKey, vault: Vault) -> None:
    append(log, entry())
    segment = close_segment(log, key, NOW)
    assert segment is not None
    vault.client.put_object(Bucket=NAME, Key=object_key(PREFIX, segment), Body=b"something else")
    with pytest.raises(NotWritten, match="somebody else wrote it"):
        vault.store.write(segment, NOW)
    assert len(vault.keys()) == 1


def test_a_locked_object_cannot_be_deleted(log: Database, key: SigningKey, vault: Vault) -> None:
    name = object_key(PREFIX, written(log, key, vault))
    (version,) = vault.client.list_object_versions(Bucket=NAME)["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        vault.client.delete_object(Bucket=NAME, Key=name, VersionId=str(version.get("VersionId")))
    assert len(vault.keys()) == 1


def test_a_deleted_object_is_found_and_still_speaks(log: Database, key: SigningKey, vault: Vault) -> None:
    written(log, key, vault)
    vault.client.delete_object(Bucket=NAME, Key=vault.keys()[0])
    found = in_vault(vault, log)
    assert len(found.witnesses) == 1
    assert "was deleted at" in found.findings[0]


def test_an_overwritten_object_is_found_and_still_speaks(log: Database, key: SigningKey, vault: Vault) -> None:
    segment = written(log, key, vault)
    vault.client.put_object(Bucket=NAME, Key=object_key(PREFIX, segment), Body=b'{"segment":{}}\n')
    found = in_vault(vault, log)
    assert [witness.segment for witness in found.witnesses] == [segment]
    assert any("more than one version" in finding for finding in found.findings)


def test_the_whole_ledger_rewritten_and_signed_anew_with_the_stolen_key(
    log: Database, key: SigningKey, vault: Vault, tmp_path: Path
) -> None:
    written(log, key, vault)
    prepare(tmp_path / "forged.db", create=True)
    forged = connect(tmp_path / "forged.db", Redactor(), writable=True)
    forged.execute("DROP TRIGGER ledger_identity_no_update")
    forged.execute("UPDATE ledger_identity SET id = ?", [ledger_id(log)])
    for _ in range(3):
        append(forged, entry("nothing happened"))
    again = close_segment(forged, key, NOW)
    assert again is not None
    vault.store.write(again, NOW)  # the thief may write to the bucket as well
    found = in_vault(vault, forged)
    assert verify(forged, outside=Outside(keys=(key.public,))).ok
    result = verify(forged, outside=Outside(keys=(key.public,), witnesses=found.witnesses))
    assert (result.ok, result.first_bad) == (False, 1)
    assert "says another hash of record 3: the log was rewritten" in str(result.reason)
    forged.close()


def test_a_ledger_made_anew_under_another_name_is_missed_in_the_vault(
    log: Database, key: SigningKey, vault: Vault
) -> None:
    written(log, key, vault)
    found = read_witnesses(f"s3://{NAME}/{PREFIX}", REGION, vault.url, "another")
    assert found.witnesses == ()
    assert f"It holds those of {ledger_id(log)}: was this log made anew?" in found.findings[0]


def test_check_says_whether_the_bucket_locks(vault: Vault) -> None:
    assert vault.store.look() == "locks objects; segments stay 30 days, GOVERNANCE"
    vault.client.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": REGION})  # type: ignore[typeddict-item]
    with pytest.raises(NotWritten, match="S3 says ObjectLockConfigurationNotFoundError"):
        S3Store(vault.client, Bucket("plain", "", timedelta(days=1), "COMPLIANCE")).look()


def test_a_silent_s3_is_told(log: Database, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    append(log, entry())
    segment = close_segment(log, key, NOW)
    assert segment is not None
    nowhere = "http://127.0.0.1:1"
    with pytest.raises(NotWritten, match="S3 does not answer"):
        S3Store(s3_client(REGION, nowhere), Bucket(NAME, "", timedelta(days=1), "COMPLIANCE")).write(segment, NOW)
    with pytest.raises(WitnessUnreadable, match="S3 cannot be asked"):
        read_witnesses(f"s3://{NAME}/", REGION, nowhere, "x")
    with pytest.raises(WitnessUnreadable, match="--s3 takes"):
        read_witnesses("evidence", None, None, "x")
