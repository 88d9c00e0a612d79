"""`understudy rules …`: the rules there are, and what they would have said of the recorded past."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.terminal.main import app
from ledger.history.history import History
from ledger.units import Unit
from tests.bot.test_settings import GOOD

OWN = """
[[rules]]
name = "falling_behind"
expression = "replay_lag_bytes > 16MB"
for = "1m"
why = "It falls behind."
what_to_do = "Look at its disk."
"""


@dataclass(frozen=True, slots=True)
class Lag:
    value: float | None
    name: str = "replay_lag_bytes"
    subject: str = "db2"
    unit: Unit = Unit.BYTES


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("UNDERSTUDY_SECRETS_DIRECTORY", raising=False)
    (tmp_path / "known_hosts").touch()
    file = tmp_path / "understudy.toml"
    file.write_text(OWN + GOOD)
    return file


def _was(place: Path, *values: float | None) -> None:
    """One value each ten seconds, the last one a moment ago."""
    now = datetime.now(UTC)
    history = History(place / "understudy.history.sqlite3", 10**9, lambda: now)

    async def record() -> None:
        for number, value in enumerate(reversed(values)):
            history.record("shop", now - timedelta(seconds=10 * (number + 1)), [Lag(value)])
        await history.close()

    asyncio.run(record())


def _typed(settings: Path, *words: str) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["rules", *words, "-s", str(settings)])
    return done.exit_code, done.output


def test_all_rules_are_listed_with_whose_they_are(settings: Path) -> None:
    status, said = _typed(settings, "list")
    assert status == 0
    own = next(line for line in said.splitlines() if line.startswith("falling_behind"))
    assert own.split()[1:] == ["settings", "replay_lag_bytes", ">", "16MB", "-", "1", "min", "-"]
    built_in = next(line for line in said.splitlines() if line.startswith("connections"))
    assert "built in" in built_in
    assert "connections_warning 80 %" in " ".join(said.split())
    assert "disk_used" in _typed(settings, "list", "--values")[1].split()


def test_played_on_the_past_each_says_when_and_for_how_long(settings: Path, tmp_path: Path) -> None:
    _was(tmp_path, *[0.0] * 10, *[2e7] * 18, *[0.0] * 10)
    status, said = _typed(settings, "test", "--rule", "falling_behind", "--since", "1h")
    assert status == 0
    fired = next(line for line in said.splitlines() if line.strip().startswith("falling_behind"))
    assert "db2" in fired
    assert "2 min" in fired
    assert "19.1 MB" in fired


def test_without_anything_recorded_it_says_so(settings: Path, tmp_path: Path) -> None:
    _was(tmp_path, None)
    status, said = _typed(settings, "test", "--rule", "falling_behind")
    assert status == 0
    assert "nothing that these rules speak of was recorded" in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("test", "--rule", "faling_behind"), "Did you mean 'falling_behind'?"),
        (("test", "--since", "soon"), "write a duration"),
        (("test", "--cluster", "ship"), "There is no cluster"),
        (("test",), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said(settings: Path, words: tuple[str, ...], why: str) -> None:
    status, said = _typed(settings, *words)
    assert status == 2
    assert why in said
