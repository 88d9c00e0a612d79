"""Who is at the terminal: the one who logged in, whatever sudo has made of the process."""

import os
import pwd
from pathlib import Path

import pytest

from bot.terminal import ha
from bot.terminal.login import Login, login_of_process

NOBODY = pwd.getpwnam("nobody")


def own() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def test_behind_sudo_it_is_who_logged_in(tmp_path: Path) -> None:
    file = tmp_path / "loginuid"
    file.write_text(str(NOBODY.pw_uid))
    login = login_of_process(file)
    assert login == Login("nobody", own())
    assert login.is_somebody_else


@pytest.mark.parametrize("text", ["4294967295", "", None])
def test_where_no_login_is_known_it_is_the_user_of_the_process(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "loginuid"
    if text is not None:
        file.write_text(text)
    login = login_of_process(file)
    assert login == Login(own(), own())
    assert not login.is_somebody_else


def test_a_login_without_a_name_is_nobody_whom_the_settings_know(tmp_path: Path) -> None:
    file = tmp_path / "loginuid"
    file.write_text("3999999999")
    assert login_of_process(file).user == "3999999999"


def test_what_is_typed_behind_sudo_says_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ha, "login_of_process", lambda: Login("alice", "bob"))
    asked = ha._asked("approve o-1")
    assert (asked.person_id, asked.person_name, asked.runs_as) == ("os:alice", "alice", "bob")
    monkeypatch.setattr(ha, "login_of_process", lambda: Login("alice", "alice"))
    assert ha._asked("approve o-1").runs_as is None
