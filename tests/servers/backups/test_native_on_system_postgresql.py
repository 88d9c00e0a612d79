"""What the server compresses, on the machine's own PostgreSQL, which unlike the wheel's can do zstd and lz4."""

import subprocess
from pathlib import Path

import pytest

from lab.world import Lab, LabOptions
from servers.backups.native.backup_script import BACKUP
from servers.backups.native.restore_script import RESTORE
from servers.backups.native.verify_script import VERIFY

pytestmark = pytest.mark.lab


def programs_without(place: Path, missing: str) -> Path:
    """A directory of all programs of /usr/bin but one."""
    place.mkdir()
    place.chmod(0o755)
    for program in Path("/usr/bin").iterdir():
        if program.name != missing:
            (place / program.name).symlink_to(program)
    return place


def run(lab: Lab, script: str, path: str, *arguments: str) -> str:
    """As the job runs it on the host of the backups; its output."""
    source = f"host={lab.server('db1').socket_directory} port={lab.server('db1').port} user=postgres"
    done = subprocess.run(
        ["sh", "-c", script, "sh", *arguments], capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": f"{lab.server('db1').binaries.directory}:{path}", "UNDERSTUDY_SOURCE": source, "HOME": "/tmp"},
        user=lab.account.uid if lab.account.change else None, group=lab.account.gid if lab.account.change else None,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


async def test_the_server_compresses_with_what_this_host_can_unpack(tmp_path: Path) -> None:
    options = LabOptions(postgresql="system", base_backup=False)
    async with Lab.start(options) as lab:
        if not lab.version.startswith(("15", "16", "17", "18")):
            pytest.skip("servers compress from PostgreSQL 15 on")
        await lab.server("db1").query("CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) AS n")
        base = lab.account.directory(lab.directory / "compressed")
        without_zstd = str(programs_without(lab.directory / "programs", "zstd"))
        for name, path, ending in (("a", "/usr/bin:/bin", ".zst"), ("b", without_zstd, ".lz4")):
            data, work = base / name, lab.account.directory(base / f"{name}.understudy")
            lab.account.write(work / "backup.log", "")
            run(lab, BACKUP, path, str(data), str(work), "")
            assert sorted(each.name for each in data.iterdir()) == [
                "backup_manifest",
                f"base.tar{ending}",
                "pg_wal.tar",
            ]
            assert "files agree with the manifest" in run(lab, VERIFY, path, str(data), str(work), "", "")
            beside, its = base / f"{name}-beside", lab.account.directory(base / f"{name}-beside.understudy")
            run(lab, RESTORE, path, str(beside), str(its), str(data), "", "")
            assert (beside / "PG_VERSION").exists()
