"""Signed segments: whoever rewrites the log without the key is found, and with the key by what is kept elsewhere."""

import base64
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from ledger.audit import append
from ledger.audit_chain import Outside, Verification, Witness, head, verify
from ledger.audit_export import export, verify_export
from ledger.audit_segments import NoStatement, Segment, close_segment, last_segment, read_signed, signed_json
from ledger.connection import connect, prepare
from ledger.redact import Redactor
from ledger.signing import KeyUnusable, SigningKey, new_key_file, read_public_key, read_signing_key
from tests.ledger.test_audit_tampering import triggers_out_of_the_way
from tests.ledger.values import entry, later


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    new_key_file(tmp_path / "audit.key")
    return read_signing_key(tmp_path / "audit.key")


@pytest.fixture
def log(db: Database, key: SigningKey) -> Database:
    """Seven records: 1 to 3 and 4 to 6 are signed, 7 is not yet."""
    for number in range(1, 8):
        append(db, entry(f"/ha status {number}", key=f"k{number}"))
        if number in (3, 6):
            close_segment(db, key, later(number))
    return db


def found(db: Database, outside: Outside) -> tuple[int | None, str | None]:
    """What the ledger and its export both say; they never disagree."""
    here, exported = verify(db, outside=outside), verify_export(list(export(db)), outside=outside)
    assert (here.ok, here.first_bad, here.reason) == (exported.ok, exported.first_bad, exported.reason)
    assert not here.ok
    return here.first_bad, here.reason


def signed(db: Database) -> list[Segment]:
    rows = db.execute("SELECT statement, signature FROM audit_segment ORDER BY number")
    return [read_signed(signed_json(*row)) for row in rows]


def test_segments_follow_each_other_and_cover_the_log_from_its_first_record(log: Database, key: SigningKey) -> None:
    first, second = signed(log)
    assert (first.number, first.first, first.last, first.previous) == (1, 1, 3, None)
    assert (second.number, second.first, second.last, second.previous) == (2, 4, 6, first.signature)
    assert verify(log, outside=Outside(keys=(key.public,))) == Verification(
        True, 7, head(log).hash, signed=6, checked=True
    )
    third = close_segment(log, key, later(9))
    assert third is not None
    assert third.records == "record 7"
    assert close_segment(log, key, later(9)) is None


def test_without_a_public_key_nothing_is_said_to_be_checked(log: Database) -> None:
    result = verify(log)
    assert (result.ok, result.signed, result.checked) == (True, 6, False)


def rewrite(db: Database, key: SigningKey | None) -> None:
    """The whole log anew, in its own words, and signed anew where the key was stolen."""
    rows = [row[0] for row in db.execute("SELECT entry FROM audit ORDER BY sequence")]
    with triggers_out_of_the_way(db):
        db.execute("DELETE FROM audit")
        db.execute("UPDATE audit_head SET count = 0, hash = ?", ["0" * 64])
        if key is not None:
            db.execute("DELETE FROM audit_segment")
    for number, _ in enumerate(rows, start=1):
        append(db, entry("nothing happened" if number == 2 else f"/ha status {number}", key=f"k{number}"))
        if key is not None and number in (3, 6):
            close_segment(db, key, later(number))


def test_a_log_that_was_rewritten_as_a_whole_is_not_the_one_that_was_signed(log: Database, key: SigningKey) -> None:
    rewrite(log, None)
    for keys in ((), (key.public,)):
        assert found(log, Outside(keys=keys)) == (
            1,
            "the records are not those that were signed as segment 1 (records 1 to 3)",
        )


def test_signed_anew_with_another_key(log: Database, key: SigningKey, tmp_path: Path) -> None:
    new_key_file(tmp_path / "other.key")
    rewrite(log, read_signing_key(tmp_path / "other.key"))
    first_bad, reason = found(log, Outside(keys=(key.public,)))
    assert (first_bad, reason) == (
        1,
        "the signature of segment 1 (records 1 to 3) is of none of the given public keys",
    )


def test_signed_anew_with_the_stolen_key_is_found_by_what_was_kept_elsewhere(log: Database, key: SigningKey) -> None:
    kept = tuple(Witness(f"object {segment.number}", segment) for segment in signed(log))
    before = head(log)
    rewrite(log, key)
    assert verify(log, outside=Outside(keys=(key.public,))).ok  # nothing on this disk can tell
    first_bad, reason = found(log, Outside(keys=(key.public,), witnesses=kept))
    assert (first_bad, reason) == (1, "object 1 says another hash of record 3: the log was rewritten")
    assert found(log, Outside(heads=(before,)))[0] == 7


def test_a_cut_tail_with_its_segment_is_found_by_what_was_kept_elsewhere(log: Database, key: SigningKey) -> None:
    kept = tuple(Witness(f"object {segment.number}", segment) for segment in signed(log))
    with triggers_out_of_the_way(log):
        log.execute("DELETE FROM audit WHERE sequence > 3")
        log.execute("UPDATE audit_head SET count = 3, hash = ?", [kept[0].segment.head])
    keys = (key.public,)
    assert found(log, Outside(keys=keys)) == (
        4,
        "segment 2 (records 4 to 6) was signed, and the log ends with record 3: its tail is missing",
    )
    with triggers_out_of_the_way(log):
        log.execute("DELETE FROM audit_segment WHERE number = 2")
    assert verify(log, outside=Outside(keys=keys)).ok
    assert found(log, Outside(keys=keys, witnesses=kept)) == (
        4,
        "object 2 knows 6 records: the log's tail is missing",
    )


def take_all_signatures(db: Database) -> None:
    db.execute("DELETE FROM audit_segment")


def take_the_first_segment(db: Database) -> None:
    db.execute("DELETE FROM audit_segment WHERE number = 1")


def change_a_signature(db: Database) -> None:
    db.execute("UPDATE audit_segment SET signature = ? WHERE number = 2", [base64.b64encode(b"x" * 64).decode()])


def change_a_statement(db: Database) -> None:
    db.execute("UPDATE audit_segment SET statement = replace(statement, '\"last\":6', '\"last\":5') WHERE number = 2")


def of_another_ledger(db: Database) -> None:
    db.execute("UPDATE ledger_identity SET id = 'another'")


@pytest.mark.parametrize(
    ("tamper", "first_bad", "reason"),
    [
        (take_all_signatures, 1, "nothing of it is signed"),
        (take_the_first_segment, 1, "segment 1 is missing"),
        (change_a_signature, 4, "the signature of segment 2"),
        (change_a_statement, 4, "the signature of segment 2"),
        (of_another_ledger, 1, "signed for another ledger"),
    ],
)
def test_tampering_with_what_was_signed(
    log: Database, key: SigningKey, tamper: Callable[[Database], None], first_bad: int, reason: str
) -> None:
    with triggers_out_of_the_way(log):
        tamper(log)
    where, why = found(log, Outside(keys=(key.public,)))
    assert where == first_bad
    assert reason in str(why)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_segment SET signature = 'x'",
        "DELETE FROM audit_segment",
        "INSERT INTO audit_segment (number, statement, signature) VALUES (9, '{}', '')",
        "INSERT OR REPLACE INTO audit_segment (number, statement, signature) VALUES (1, '{}', '')",
        "UPDATE ledger_identity SET id = 'x'",
    ],
)
def test_the_triggers_refuse_it_in_the_first_place(log: Database, statement: str) -> None:
    with pytest.raises(Exception, match=r"segment|identity"):
        log.execute(statement)
    assert len(signed(log)) == 2


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, SigningKey]:
    """An export with signed segments, as the bytes of its file."""
    place = tmp_path_factory.mktemp("exported")
    prepare(place / "ledger.db", create=True)
    new_key_file(place / "audit.key")
    key = read_signing_key(place / "audit.key")
    db = connect(place / "ledger.db", Redactor(), writable=True)
    for number in range(1, 6):
        append(db, entry(f"/ha status {number} “naïve”", key=f"k{number}"))
        if number % 2 == 0:
            close_segment(db, key, later(number))
    text = "".join(f"{line}\n" for line in export(db)).encode()
    db.close()
    return text, key


def verify_bytes(place: Path, content: bytes, outside: Outside) -> Verification:
    file = place / "export.jsonl"
    file.write_bytes(content)
    with file.open(encoding="ascii", errors="surrogateescape", newline="\n") as lines:
        return verify_export(lines, outside=outside)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)
@given(position=st.integers(min_value=0), byte=st.integers(0, 255), with_key=st.booleans())
@example(position=-1, byte=13, with_key=False)
@example(position=-1, byte=32, with_key=True)
def test_any_single_changed_byte_of_an_export_is_found(
    exported: tuple[bytes, SigningKey], tmp_path: Path, position: int, byte: int, with_key: bool
) -> None:
    content, key = exported
    outside = Outside(keys=(key.public,) if with_key else ())
    assert verify_bytes(tmp_path, content, outside).ok
    position %= len(content)
    if content[position] == byte:
        return
    changed = content[:position] + bytes([byte]) + content[position + 1 :]
    result = verify_bytes(tmp_path, changed, outside)
    assert not result.ok
    assert result.reason


@settings(deadline=None)
@given(st.text(max_size=200))
def test_whatever_stands_in_a_file_is_a_signed_statement_or_is_not(text: str) -> None:
    with pytest.raises(NoStatement):
        read_signed(text)


class TestKeys:
    def test_a_key_file_is_its_owners_alone_and_never_overwritten(self, tmp_path: Path) -> None:
        file = tmp_path / "audit.key"
        public = new_key_file(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert read_signing_key(file).public == public
        with pytest.raises(FileExistsError):
            new_key_file(file)
        (tmp_path / "audit.pub").write_text(public.pem)
        assert read_public_key(tmp_path / "audit.pub") == public
        assert "PRIVATE" not in repr(read_signing_key(file))

    def test_what_cannot_be_used_is_told_with_its_mend(self, tmp_path: Path) -> None:
        file = tmp_path / "audit.key"
        with pytest.raises(KeyUnusable, match="cannot be read"):
            read_signing_key(file)
        new_key_file(file)
        file.chmod(0o640)
        with pytest.raises(KeyUnusable, match="chmod 600"):
            read_signing_key(file)
        file.chmod(0o600)
        with pytest.raises(KeyUnusable, match="holds no public key"):
            read_public_key(file)
        file.write_text("no key")
        with pytest.raises(KeyUnusable, match="holds no private key"):
            read_signing_key(file)

    def test_a_signature_has_one_spelling(self, key: SigningKey) -> None:
        good = key.sign("text")
        assert key.public.verifies("text", good)
        for other in (good.rstrip("="), good + "\n", good.replace("=", "") + "é", "", good[:-3] + "z=="):
            assert not key.public.verifies("text", other)
        assert not key.public.verifies("tëxt", good)


def test_the_last_segment_is_the_one_that_the_next_follows(log: Database) -> None:
    last = last_segment(log)
    assert last is not None
    assert last.number == 2
