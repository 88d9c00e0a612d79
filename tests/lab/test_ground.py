"""What a world stands on: an account, programs that it can reach, and places that nobody else touches."""

import os
import subprocess
from pathlib import Path

import pytest

from lab import binaries
from lab.accounts import Account, postgres_account
from lab.errors import LabError
from lab.places import Lock, open_places
from lab.seats import take_seats


@pytest.fixture
def account() -> Account:
    return postgres_account()


def test_postgresql_never_runs_as_root(account: Account) -> None:
    assert account.uid != 0
    assert account.change == (os.geteuid() == 0)
    if account.change:
        with pytest.raises(LabError, match="refuses to run as root"):
            postgres_account("root")
    else:
        with pytest.raises(LabError, match="only root"):
            postgres_account("root")


def test_a_directory_that_others_may_not_enter_is_not_reachable_for_them(tmp_path: Path) -> None:
    program = tmp_path / "closed" / "program"
    program.parent.mkdir()
    program.touch(0o755)
    program.parent.chmod(0o700)
    stranger = Account("stranger", uid=os.getuid() + 4242, gid=os.getgid() + 4242, change=True)
    assert not binaries.reachable(program, stranger)
    for parent in ("/bin/sh", "/usr/bin/env"):
        assert binaries.reachable(Path(parent), stranger)


def test_an_installation_out_of_reach_is_copied_once_and_again_when_it_is_not_whole(
    account: Account, own_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = open_places(account, own_base).installations
    monkeypatch.setattr(binaries, "reachable", lambda path, account: False)
    found = binaries.find_binaries("16", account, cache)
    assert found.directory.is_relative_to(cache)
    assert found.major == 16
    psql = Path(found.program("psql"))
    made = psql.stat().st_ino
    assert binaries.find_binaries("16", account, cache) == found
    assert psql.stat().st_ino == made
    psql.unlink()
    assert binaries.find_binaries("16", account, cache) == found
    said = subprocess.run([psql, "--version"], capture_output=True, text=True, check=True)
    assert found.version in said.stdout


@pytest.mark.parametrize("version", ["18", "16"])
def test_every_program_of_the_wheel_runs(account: Account, version: str) -> None:
    found = binaries.find_binaries(version, account, open_places(account).installations)
    for program in found.directory.iterdir():
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        assert said.returncode == 0, f"{program.name}: {said.returncode} {said.stderr}"


def test_an_unknown_version_is_refused_with_what_there_is(account: Account, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="choose 18, 16 or system"):
        binaries.find_binaries("9.6", account, tmp_path)


def test_a_place_that_is_a_trap_is_not_used(account: Account, own_base: Path, tmp_path: Path) -> None:
    own_base.symlink_to(tmp_path)
    with pytest.raises(LabError, match="somebody else"):
        open_places(account, own_base)


def test_a_place_whose_sockets_would_have_too_long_names_is_not_used(account: Account, own_base: Path) -> None:
    deep = own_base / ("d" * 90)
    deep.mkdir(parents=True)
    with pytest.raises(LabError, match="too long for a socket"):
        open_places(account, deep / "labs")


def test_a_lock_is_held_by_one_and_free_when_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = Lock.try_take(path)
    assert first is not None
    assert Lock.try_take(path) is None
    first.release()
    assert not path.exists()
    second = Lock.try_take(path)
    assert second is not None
    second.release()


def test_seats_are_taken_by_one_lab_at_a_time() -> None:
    ours, theirs = take_seats(2), take_seats(2)
    taken = [(seat.address, seat.postgres_port) for seat in (*ours, *theirs)]
    assert len(set(taken)) == 4
    assert all(address.startswith("127.0.0.") and address != "127.0.0.1" for address, _ in taken)
    for seat in (*ours, *theirs):
        seat.leave()
