"""`understudy archive …`: what is printed is what PostgreSQL is to be given."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.terminal.main import app
from servers.backups.native.archive_command import ARCHIVE_SCRIPT
from tests.bot.test_settings import GOOD

BACKUPS = """
[clusters.shop.backups]
directory = "/var/backups/postgresql"
archive_directory = "/var/backups/bob's wal"
[clusters.shop.backups.encryption]
recipients = ["0123456789ABCDEF0123456789ABCDEF01234567"]
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("UNDERSTUDY_SECRETS_DIRECTORY", raising=False)
    (tmp_path / "known_hosts").touch()
    file = tmp_path / "understudy.toml"
    file.write_text(GOOD + BACKUPS)
    return file


def test_the_script_is_printed_as_it_is() -> None:
    assert CliRunner().invoke(app, ["archive", "script"]).stdout == ARCHIVE_SCRIPT


def test_the_command_is_quoted_for_the_shell_and_for_postgresql(settings: Path) -> None:
    printed = CliRunner().invoke(app, ["archive", "command", "shop", "--compression", "zstd", "-s", str(settings)])

    assert printed.exit_code == 0, printed.output
    assert printed.stdout.splitlines()[-1] == (
        'archive_command = \'/usr/local/bin/understudy-archive "%p" '
        """''/var/backups/bob''"''"''s wal'' zstd - 0123456789ABCDEF0123456789ABCDEF01234567'"""
    )


@pytest.mark.parametrize("words", [["nowhere"], ["shop", "--compression", "rar"]])
def test_what_cannot_be_is_said(settings: Path, words: list[str]) -> None:
    assert CliRunner().invoke(app, ["archive", "command", *words, "-s", str(settings)]).exit_code == 2
