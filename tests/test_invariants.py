"""What docs/invariants.md names is there: each file that holds an invariant, and each test that proves it."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
INVARIANTS = 10


def test_every_invariant_has_what_holds_it_and_a_test_that_proves_it() -> None:
    text = (REPOSITORY / "docs" / "invariants.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith("| **")]
    assert len(rows) == INVARIANTS
    for _, held_by, proved_by in rows:
        files = re.findall(r"`([\w/]+\.py)`", held_by)
        tests = re.findall(r"`([\w/]+\.py)::(test_\w+)`", proved_by)
        assert files
        assert tests
        assert [file for file in files if not (REPOSITORY / file).exists()] == []
        assert [f"{file}::{name}" for file, name in tests if not _has(REPOSITORY / file, name)] == []


def _has(file: Path, test: str) -> bool:
    return file.exists() and re.search(rf"^ *(async )?def {test}\(", file.read_text("utf-8"), re.MULTILINE) is not None
