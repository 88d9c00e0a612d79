"""`understudy audit …` without the bot: what an auditor types, and what the expert of a court does by hand."""

import csv
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.terminal.login import login_of_process
from bot.terminal.main import app
from ledger.audit import Actor, AuditEntry, AuditKind, append, recent
from ledger.audit_segments import close_segment, last_segment, ledger_id
from ledger.connection import connect, prepare
from ledger.redact import Redactor
from ledger.signing import read_signing_key
from tests.bot.witness.conftest import NAME, PREFIX, REGION, Vault, moto_url, vault
from tests.ledger.test_audit_tampering import triggers_out_of_the_way
from tests.ledger.values import entry

__all__ = ["moto_url", "vault"]  # fixtures

DOCS = Path(__file__).parents[3] / "docs" / "audit.md"
NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A ledger with signed records, its key, and an export."""

    directory: Path

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["audit", *words])

    @property
    def ledger(self) -> str:
        return str(self.directory / "ledger.db")

    @property
    def export(self) -> Path:
        return self.directory / "audit.jsonl"

    @property
    def public_key(self) -> str:
        return str(self.directory / "audit.pub")

    def verified(self, *words: str) -> Result:
        return self.run("verify", "--export", str(self.export), *words)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    key_file = tmp_path / "audit.key"
    shown = made.run("key", "new", str(key_file))
    assert shown.exit_code == 0
    (tmp_path / "audit.pub").write_text(shown.stdout)
    prepare(tmp_path / "ledger.db", create=True)
    db = connect(tmp_path / "ledger.db", Redactor(), writable=True)
    for number in range(1, 6):
        append(db, replace(entry(f"=HYPERLINK({number}) “ü”", hash="f" * 64, previous="x"), at=NOW))
    append(db, AuditEntry(NOW, AuditKind.COMMAND, Actor("U0BEN", "Ben", "slack"), text="/ha status"))
    close_segment(db, read_signing_key(key_file), NOW)
    db.close()
    assert made.run("export", "--ledger", made.ledger, "-o", str(made.export)).exit_code == 0
    return made


def test_a_good_export_is_whole_and_its_signatures_are_good(place: Place) -> None:
    result = place.verified("--public-key", place.public_key)
    assert result.exit_code == 0
    assert "The audit log is whole: 6 records" in result.output
    assert "Signatures are good up to record 6." in result.output
    assert "not checked: give --public-key FILE" in place.verified().output


def test_the_first_bad_record_is_named(place: Place) -> None:
    place.export.write_text(place.export.read_text().replace("HYPERLINK(3)", "HYPERLINK(4)"))
    result = place.verified("--public-key", place.public_key)
    assert result.exit_code == 1
    assert "NOT whole. Record 3: its content does not match its hash: it was changed." in result.output
    assert "The 2 records before it are as they were written." in result.output


def test_a_truncated_tail_is_found_by_a_kept_head(place: Place, tmp_path: Path) -> None:
    kept = place.run("verify", "--ledger", place.ledger).output.split("head ")[1].split()[0]
    db = connect(tmp_path / "ledger.db", Redactor(), writable=True)
    with triggers_out_of_the_way(db):
        db.execute("DELETE FROM audit WHERE sequence > 4")
        db.execute("DELETE FROM audit_segment")
        db.execute("UPDATE audit_head SET count = 4, hash = (SELECT hash FROM audit WHERE sequence = 4)")
    db.close()
    result = place.run("verify", "--ledger", place.ledger, "--head", kept)
    assert result.exit_code == 1
    assert "Record 5: the log once had 7 records: its tail is missing" in result.output


def test_the_whole_log_signed_anew_with_the_stolen_key_is_found_in_s3(
    place: Place, vault: Vault, tmp_path: Path
) -> None:
    db = connect(tmp_path / "ledger.db", Redactor(), writable=True)
    segment = last_segment(db)
    assert segment is not None
    vault.store.write(segment, datetime.now(UTC))
    s3 = ("--s3", f"s3://{NAME}/{PREFIX}", "--s3-region", REGION, "--s3-endpoint", vault.url)
    good = place.verified("--public-key", place.public_key, *s3)
    assert good.exit_code == 0, good.output
    assert "holds 1 signed heads of this ledger" in good.output
    with triggers_out_of_the_way(db):
        db.execute("DELETE FROM audit")
        db.execute("DELETE FROM audit_segment")
        db.execute("UPDATE audit_head SET count = 0, hash = ?", ["0" * 64])
    for _ in range(8):
        append(db, entry("nothing happened"))
    close_segment(db, read_signing_key(tmp_path / "audit.key"), NOW)
    db.close()
    place.export.unlink()
    place.run("export", "--ledger", place.ledger, "-o", str(place.export))
    assert place.verified("--public-key", place.public_key).exit_code == 0  # nothing of the thief's can tell
    result = place.verified("--public-key", place.public_key, *s3)
    assert result.exit_code == 1
    assert "says another hash of record 6: the log was rewritten" in result.output


def test_who_exports_is_on_record_with_what_and_how_much(place: Place, tmp_path: Path) -> None:
    assert place.run("export", "--ledger", place.ledger, "-o", str(tmp_path / "ben.csv"), "--csv", "person", "ben")
    db = connect(tmp_path / "ledger.db", Redactor(), writable=True)
    part, whole = recent(db, 2)
    db.close()
    assert (part.entry.kind, whole.entry.kind) == (AuditKind.AUDIT_EXPORTED, AuditKind.AUDIT_EXPORTED)
    assert part.entry.actor.face == "terminal"
    assert part.entry.actor.id == f"os:{login_of_process().user}"
    assert part.entry.details["filter"] == {"people": '["U0BEN"]'}
    assert (part.entry.details["records"], part.entry.details["format"]) == (1, "CSV")
    assert (whole.entry.details["filter"], whole.entry.details["records"]) == ({}, 6)


def test_csv_for_people_has_no_formulas(place: Place) -> None:
    file = place.directory / "audit.csv"
    assert place.run("export", "--ledger", place.ledger, "--csv", "-o", str(file)).exit_code == 0
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    assert len(rows) == 8
    assert rows[1][8] == "'=HYPERLINK(1) “ü”"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_a_part_says_that_it_is_one(place: Place) -> None:
    place.export.unlink()
    words = ("person", "ben", "on", "2026-01-31")
    assert place.run("export", "--ledger", place.ledger, "-o", str(place.export), *words).exit_code == 0
    result = place.verified()
    assert result.exit_code == 0
    assert "This is a part of an audit log: 1 records, each as it was written." in result.output
    place.export.write_text(place.export.read_text().replace("/ha status", "/ha promote"))
    assert "NOT whole. Record 6: its content" in place.verified().output
    wrong = place.run("export", "--ledger", place.ledger, "person", "bne")
    assert wrong.exit_code == 2
    assert "Did you mean “ben”?" in wrong.output


def recipe(language: str) -> str:
    """The block of the documentation in that language."""
    found = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None
    return found.group(1)


def by_hand(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=60, check=False)


class TestTheRecipesOfTheDocumentation:
    def test_the_chain_with_sha256sum(self, place: Place, tmp_path: Path) -> None:
        db = connect(tmp_path / "ledger.db", Redactor(), writable=True)
        (exported,) = recent(db, 1)  # that it was exported came after its end
        db.close()
        content = place.export.read_text()
        assert by_hand("sh", "-c", recipe("sh"), stdin=content).stdout == f"6 records, head 6:{exported.previous}\n"
        bad = by_hand("sh", "-c", recipe("sh"), stdin=content.replace("HYPERLINK(4)", "HYPERLINK(5)"))
        assert (bad.returncode, bad.stdout) == (1, "record 4 is not as it was written\n")

    def test_the_signatures_with_python(self, place: Place) -> None:
        words = (sys.executable, "-c", recipe("python"), str(place.export), place.public_key)
        assert by_hand(*words).stdout == "segment 1: records 1 to 6, 2026-01-31T03:12:00.000000+00:00\n"
        place.export.write_text(place.export.read_text().replace('"first":1', '"first":2'))
        assert "InvalidSignature" in by_hand(*words).stderr

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not there")
    def test_a_signature_with_openssl(self, place: Place) -> None:
        block = DOCS.read_text().split("One signature with `openssl`")[1].split("```\n")[1]
        script = f"cd '{place.directory}' && {block}"
        assert by_hand("bash", "-e", "-c", script).stdout == "Signature Verified Successfully\n"
        place.export.write_text(place.export.read_text().replace('"first":1', '"first":2'))
        assert by_hand("bash", "-e", "-c", script).returncode != 0

    def test_the_keys_id(self, place: Place, tmp_path: Path) -> None:
        shown = place.run("key", "show", str(tmp_path / "audit.key"))
        assert shown.stdout == Path(place.public_key).read_text()
        db = connect(tmp_path / "ledger.db", Redactor(), writable=True)
        assert len(ledger_id(db)) == 32
        db.close()
