"""The scripts that verify and restore, on small backups made by hand: what is damaged is found, and said where."""

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab import disks
from lab.accounts import Account, postgres_account
from servers.backups.native.listing import parse_listing
from servers.backups.native.listing_script import SCRIPT
from servers.backups.native.restore_script import RESTORE
from servers.backups.native.verify_script import VERIFY
from servers.state import EncryptionKey
from tests.servers.backups.keys import key_ring, make_key

FILES = {
    "PG_VERSION": b"18\n",
    "backup_label": b"START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n",
    "base/1/112": os.urandom(200_000),
    "base/1/a name with blanks": b"x",
}
WAL = {"000000010000000000000002": b"wal" * 10_000}


def tar_of(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def manifest_of(files: Mapping[str, bytes]) -> str:
    """As PostgreSQL writes it: a line a file."""
    rows = ",\n".join(
        f'{{ "Path": "{name}", "Size": {len(content)}, "Last-Modified": "2026-01-31 03:12:00 GMT", '
        f'"Checksum-Algorithm": "SHA256", "Checksum": "{hashlib.sha256(content).hexdigest()}" }}'
        for name, content in files.items()
    )
    ranges = '{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }'
    body = f'{{ "PostgreSQL-Backup-Manifest-Version": 2,\n"Files": [\n{rows}\n],\n"WAL-Ranges": [\n{ranges}\n],\n'
    return f'{body}"Manifest-Checksum": "{hashlib.sha256(body.encode()).hexdigest()}"}}\n'


class Small:
    """A backup in tar format with its job's directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "monday"
        self.work = directory / "monday.understudy"
        self.directory.mkdir()
        self.work.mkdir()
        self.base = self.directory / "base.tar.gz"
        self.base.write_bytes(gzip.compress(tar_of(FILES)))
        wal = tar_of(WAL)
        (self.directory / "pg_wal.tar").write_bytes(wal)
        (self.work / "pg_wal.sha256").write_text(f"{hashlib.sha256(wal).hexdigest()}  pg_wal.tar\n")
        self.manifest = self.directory / "backup_manifest"
        self.manifest.write_text(manifest_of(FILES))

    def verify(self) -> tuple[int, str]:
        return run(VERIFY, str(self.directory), str(self.work), "", "")

    def restore(self, data: Path, *arguments: str) -> tuple[int, str]:
        work = data.with_name(f"{data.name}.understudy")
        work.mkdir(exist_ok=True)
        return run(RESTORE, str(data), str(work), str(self.directory), "", "", *arguments)


def run(script: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["sh", "-c", script, "sh", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def test_a_good_one_agrees_and_is_laid_out_as_it_was(small: Small, tmp_path: Path) -> None:
    assert small.verify() == (0, f"{len(FILES)} files agree with the manifest\n")

    status, said = small.restore(tmp_path / "data")

    assert status == 0, said
    assert "kB (100%)" in said
    for name, content in FILES.items():
        assert (tmp_path / "data" / name).read_bytes() == content
    assert [path.name for path in (tmp_path / "data" / "pg_wal").iterdir()] == list(WAL)
    assert (tmp_path / "data" / "backup_manifest").read_text() == small.manifest.read_text()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (FILES | {"base/1/112": b"y" + FILES["base/1/112"][1:]}, "altered or missing: base/1/112"),
        (FILES | {"base/1/112": FILES["base/1/112"][:-1]}, "altered or missing: base/1/112"),
        ({name: FILES[name] for name in FILES if name != "backup_label"}, "altered or missing: backup_label"),
        (FILES | {"base/1/113": b"z"}, "not in the manifest: base/1/113"),
    ],
)
def test_a_file_that_is_not_as_the_manifest_says_is_named(small: Small, files: Mapping[str, bytes], said: str) -> None:
    small.base.write_bytes(gzip.compress(tar_of(files)))

    status, printed = small.verify()

    assert (status, said in printed) == (1, True), printed


def test_what_a_server_writes_itself_is_no_stranger(small: Small) -> None:
    small.base.write_bytes(gzip.compress(tar_of(FILES | {"postgresql.auto.conf": b"", "standby.signal": b""})))

    assert small.verify()[0] == 0


def test_one_that_was_cut_short_is_found_and_never_laid_out(small: Small, tmp_path: Path) -> None:
    small.base.write_bytes(small.base.read_bytes()[:-5000])

    assert small.verify()[0] == 1
    status, said = small.restore(tmp_path / "data")

    assert (status, "cannot be unpacked" in said) == (1, True), said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (manifest_of(FILES)[:-40], "altered or cut short"),
        (manifest_of(FILES).replace("0/2000100", "0/2000200"), "altered or cut short"),
    ],
)
def test_a_manifest_that_was_altered_is_found(small: Small, text: str, said: str) -> None:
    small.manifest.write_text(text)

    assert said in small.verify()[1]


def test_wal_that_was_altered_is_found(small: Small) -> None:
    wal = bytearray((small.directory / "pg_wal.tar").read_bytes())
    wal[2000] ^= 1
    (small.directory / "pg_wal.tar").write_bytes(wal)

    status, said = small.verify()

    assert (status, "its WAL was altered" in said) == (1, True)


def test_without_a_manifest_nothing_is_claimed(small: Small) -> None:
    small.manifest.unlink()

    assert small.verify() == (1, "understudy: it has no backup_manifest: nothing can be compared\n")


def test_a_directory_that_is_there_is_refused_and_stays(small: Small, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("17\n")

    status, said = small.restore(tmp_path / "data")

    assert (status, "is there already" in said) == (1, True)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["PG_VERSION"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_on_a_full_disk_it_fails_and_says_so(small: Small, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    disks.mount(full, postgres_account())
    try:
        disks.fill_up(full, postgres_account())
        (full / disks.BALLAST).open("r+b").truncate((full / disks.BALLAST).stat().st_size - 100_000)
        status, said = small.restore(full / "data")
        assert (status, "No space left on device" in said) == (1, True), said
        assert not (full / "data").exists()
    finally:
        disks.unmount(full)


def test_a_tablespace_goes_where_it_is_told(small: Small, tmp_path: Path) -> None:
    small.base.write_bytes(gzip.compress(tar_of(FILES | {"tablespace_map": b"16397 /srv/fast disk\n"})))
    (small.directory / "16397.tar.gz").write_bytes(gzip.compress(tar_of({"PG_18_202506291/5/16398": b"row"})))

    nowhere = small.restore(tmp_path / "data")
    into_one_in_use = small.restore(tmp_path / "data", "/srv/fast disk", str(small.directory))
    status, said = small.restore(tmp_path / "data", "/srv/fast disk", str(tmp_path / "new space"))

    assert "nothing says where the tablespace at /srv/fast disk goes" in nowhere[1]
    assert "has something in it" in into_one_in_use[1]
    assert status == 0, said
    assert (tmp_path / "data" / "tablespace_map").read_text() == f"16397 {tmp_path}/new space\n"
    assert (tmp_path / "new space" / "PG_18_202506291" / "5" / "16398").read_bytes() == b"row"


def test_until_when_one_can_encrypt_is_told_of_each_key(tmp_path: Path) -> None:
    me = Account("me", os.getuid(), os.getgid(), change=False)
    with key_ring(me) as home:
        lasting, expiring = make_key(home, "a@example.org", me), make_key(home, "b@example.org", me, expires="10d")
        keys = (lasting, expiring, "F" * 40)
        _, printed = run(SCRIPT, str(tmp_path), "", "10", str(home), str(len(keys)), *keys)

    first, second, third = parse_listing(str(tmp_path), printed, {}).keys
    assert (first, third) == (EncryptionKey(lasting), EncryptionKey("F" * 40, missing=True))
    assert second.expires_at is not None
    assert timedelta(days=9) < second.expires_at - datetime.now(UTC) <= timedelta(days=10)
