"""Restart and reload on a real pair: files with errors, settings that wait, and a server that does not come up."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands.asked import Form
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab


@pytest.fixture
async def on_lab(tmp_path: Path) -> AsyncIterator[Road]:
    async with road(tmp_path) as made:
        yield made


def configure(on_lab: Road, server: str, line: str) -> Path:
    file = on_lab.lab.server(server).data_directory / "postgresql.conf"
    with file.open("a") as out:
        out.write(f"{line}\n")
    return file


async def test_reload_and_restart_put_in_force_what_stands_in_the_files(on_lab: Road) -> None:
    configure(on_lab, "db1", "work_mem = '7MB'")
    configure(on_lab, "db1", "max_connections = 123")
    report = (await on_lab.approve(await on_lab.request("reload"))).page
    assert report.title == "Reload of shop: db1 and db2 succeeded", report
    assert "work_mem 4096 → 7168" in repr(report)
    assert "'Needs a restart on db1', ('max_connections',)" in repr(report)

    # The primary keeps its role, and its standby streams again. One with fewer connections would not replay.
    configure(on_lab, "db2", "max_connections = 123")
    for server, role in (("db2", "standby"), ("db1", "primary")):
        report = (await on_lab.approve(await on_lab.request(f"restart {server}"))).page
        assert report.title == f"Restart of shop: {server} succeeded", report
        assert f"{server} runs again as the {role}." in report.summary
        assert "'Put in force', ('max_connections',)" in repr(report)
        assert "Still needs" not in repr(report)
    status = (await on_lab.status()).page
    assert status.title == "shop: healthy", status


async def test_a_file_with_an_error_stops_both_before_anything_is_touched(on_lab: Road) -> None:
    file = configure(on_lab, "db1", "max_connections = many")
    hba = on_lab.lab.server("db1").data_directory / "pg_hba.conf"
    with hba.open("a") as out:
        out.write("host all all nonsense\n")
    for text in ("reload db1", "restart db1"):
        form = await on_lab.dispatcher.prepare(on_lab.asks("alice", text))
        assert isinstance(form, Form)
        assert form.submit_label is None
        assert f"{file} line {len(file.read_text().splitlines())}: max_connections" in form.page.summary
        assert f"{hba} line {len(hba.read_text().splitlines())}" in form.page.summary


async def test_a_server_that_does_not_come_up_is_told_with_its_own_words(on_lab: Road) -> None:
    operation = await on_lab.request("restart db2")
    # After the checks: the server refuses to start on a directory that others may read.
    directory = on_lab.lab.server("db2").data_directory
    directory.chmod(0o777)
    report = (await on_lab.approve(operation)).page
    directory.chmod(0o700)
    assert "db2 is DOWN. It was stopped" in report.summary, report
    assert "did not come up" in report.summary
