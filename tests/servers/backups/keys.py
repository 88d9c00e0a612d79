"""Real GnuPG keys for tests, in homes of their own."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.accounts import Account


@contextmanager
def key_ring(account: Account) -> Iterator[Path]:
    """An empty GnuPG home that belongs to that account; its path is short, because sockets lie in it."""
    home = Path(tempfile.mkdtemp(prefix="gpg-", dir="/tmp"))
    home.chmod(0o700)
    account.own(home)
    try:
        yield home
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, timeout=20)
        shutil.rmtree(home, ignore_errors=True)


def make_key(home: Path, name: str, account: Account, *, passphrase: str = "", expires: str = "never") -> str:
    """A new key pair; its fingerprint. `expires` as gpg has it: "10d"."""
    options = ("--passphrase-fd", "0", "--pinentry-mode", "loopback")
    _gpg(home, account, *options, "--quick-generate-key", name, "future-default", "default", expires, text=passphrase)
    listing = _gpg(home, account, "--with-colons", "--list-secret-keys", name)
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr"))


def give_public_key(home: Path, fingerprint: str, to: Path, account: Account) -> None:
    """Only the public half: whoever has that can encrypt, and not decrypt."""
    _gpg(to, account, "--import", text=_gpg(home, account, "--armor", "--export", fingerprint))


def _gpg(home: Path, account: Account, *arguments: str, text: str = "") -> str:
    command = ["gpg", "--homedir", str(home), "--batch", "--no-tty", "--quiet", *arguments]
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        user=account.uid if account.change else None,
        group=account.gid if account.change else None,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
