"""Dumps and volumes of a real pair through the dispatcher: taken, proven, shown, and of a volume put back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from commands.asked import Decision
from lab.world import Lab, LabOptions
from ledger.operations import list_operations
from ledger.page import Items, Page
from tests.commands.test_on_real_servers import Road, road_of
from tests.servers.backups.keys import key_ring, make_key

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

_SETTINGS = """
[clusters.shop.dumps.nightly]
directory = "{dumps}"
databases = ["postgres"]

[clusters.shop.dumps.nightly.keep]
newest = 1

[clusters.shop.services.app]
kind = "systemd"
unit = "app"
server = "db1"
ready_within = "1s"

[clusters.shop.volumes.uploads]
directory = "{keep}"
directories = ["{app}/uploads", "{app}/it's $(touch x)"]
service = "app"
"""
_CONTAINER = """
[clusters.shop.services.media]
kind = "compose"
directory = "/srv/shop"
service = "media"
server = "db1"
port = {port}
ready_within = "3s"

[clusters.shop.volumes.media]
directory = "{sealed}"
docker_volumes = ["shop_media"]
service = "media"

[clusters.shop.volumes.media.encryption]
recipients = ["{key}"]
gpg_home = "{ring}"
"""
# Docker as its command line has it, with one volume and one container; anything else is refused as Docker does.
# https://docs.docker.com/reference/cli/docker/volume/inspect/, https://docs.docker.com/reference/cli/docker/compose/
_DOCKER = """#!/bin/sh
cd '{app}' || exit 1
case "$*" in
  "volume inspect --format {{{{.Mountpoint}}}} -- shop_media") echo '{app}/volumes/shop_media/_data' ;;
  "volume inspect "*) echo; echo "Error response from daemon: get $6: no such volume" >&2; exit 1 ;;
  "compose --project-directory /srv/shop stop media") echo exited > container; cp -R volumes/shop_media/_data at_stop ;;
  "compose --project-directory /srv/shop start media") echo running > container; date +%s%N > started ;;
  "compose --project-directory /srv/shop ps --all --format json media")
    printf '%s\\n' '{{"ID":"c0ffee","Service":"media","State":"'"$(cat container)"'","Health":""}}' ;;
  "inspect --format {{{{.State.StartedAt}}}} c0ffee") cat started ;;
  *) echo "unknown command: docker $*" >&2; exit 125 ;;
esac
"""
# A service manager that knows one unit, which does not come up while one of its files says so.
_SYSTEMCTL = """#!/bin/sh
cd '{app}' || exit 1
case $1 in
  stop) echo inactive > state ;;
  start) date +%s%N > since; if [ -e uploads/sick ]; then echo failed > state; else echo active > state; fi ;;
  show) echo "ActiveState=$(cat state)"; echo SubState=; echo LoadState=loaded
    echo "ActiveEnterTimestampMonotonic=$(cat since)" ;;
  *) exit 99 ;;
esac
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Road]:
    async with (
        Lab.start(LabOptions(base_backup=False)) as lab,
        await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as service,
    ):
        dumps, keep, app = (lab.account.directory(lab.directory / name) for name in ("dumps", "keep", "app"))
        for directory in ("uploads", "it's $(touch x)"):
            lab.account.write(lab.account.directory(app / directory) / "file", "as it was")
        for name, content in (("state", "active"), ("since", "1")):
            lab.account.write(app / name, content)
        lab.account.write(app / "systemctl", _SYSTEMCTL.format(app=app), 0o700)
        host = lab.server("db1").environment
        host["PATH"] = f"{app}:{host['PATH']}"
        lab.account.write(app / "docker", _DOCKER.format(app=app), 0o700)
        for name, content in (("container", "running"), ("started", "1")):
            lab.account.write(app / name, content)
        for name in ("volumes", "volumes/shop_media", "volumes/shop_media/_data"):
            lab.account.directory(app / name)
        lab.account.write(app / "volumes/shop_media/_data/picture", "as it was")
        with key_ring(lab.account) as ring:
            key, port = make_key(ring, "ops@example.org", lab.account), service.sockets[0].getsockname()[1]
            sealed = lab.account.directory(lab.directory / "sealed")
            extra = _SETTINGS.format(dumps=dumps, keep=keep, app=app)
            extra += _CONTAINER.format(port=port, sealed=sealed, key=key, ring=ring)
            async with road_of(lab, tmp_path_factory.mktemp("bot"), extra=extra) as made:
                await lab.server("db1").query("CREATE TABLE kept AS SELECT n FROM generate_series(1, 100) n")
                yield made


async def ordered(way: Road, text: str) -> Page:
    return (await way.approve(await way.request(text))).page


async def line_of(way: Road, title: str) -> str:
    """What the backups' page says of it."""
    page = (await way.dispatcher.ask(way.asks("alice", "backups"))).page
    (items,) = (part for part in page.parts if isinstance(part, Items) and part.title == "Dumps and volumes")
    return next(item.detail for item in items.items if item.title == title)


async def test_a_dump_is_taken_from_the_standby_proven_and_shown(way: Road) -> None:
    report = await ordered(way, "backup dump nightly")
    assert report.title == "Dump of shop: nightly succeeded", report
    assert "dump nightly of shop was taken from db2, and verified." in repr(report)
    assert "1 database with 1 table restored into a temporary PostgreSQL" in repr(report)
    async with asyncio.timeout(20):
        while ", verified " not in await line_of(way, "dump nightly"):
            await asyncio.sleep(0.2)


async def test_what_is_no_longer_kept_goes_once_a_newer_one_is_proven_and_nothing_else_does(way: Road) -> None:
    directory = Path(way.cluster.dumps[0].directory)
    (first,) = directory.glob("*Z")
    strange = way.lab.account.directory(directory / "20260101T000000Z")  # as if it were one of ours, without our mark
    for name in ("contents", "SHA256SUMS"):
        way.lab.account.write(strange / name, "")

    report = await ordered(way, "backup dump nightly")

    assert f"('No longer kept', ('{first.name}',))" in repr(report.parts)
    left = sorted(path.name for path in directory.iterdir() if path.name.endswith("Z"))
    assert len(left) == 2
    assert left[0] == strange.name
    assert not list(directory.glob(f"*{first.name}*"))
    (strange / "SHA256SUMS").unlink()


async def test_a_dump_that_was_altered_cannot_be_relied_on(way: Road) -> None:
    directory = max(Path(way.cluster.dumps[0].directory).glob("*Z"))
    file = directory / "1.dump"
    file.write_bytes(file.read_bytes()[:-1])
    report = await ordered(way, "backup verify shop dump nightly")
    assert "cannot be relied on" in repr(report)


def files_of(way: Road) -> list[Path]:
    return [Path(directory) / "file" for directory in way.cluster.volumes[0].directories]


async def in_two_hands(way: Road, text: str) -> Page:
    """Two people approve what takes files away from those who use them."""
    operation = await way.request(text)
    await way.dispatcher.decide(way.asks("bob"), operation, Decision.APPROVE)
    await way.dispatcher.decide(way.asks("carol"), operation, Decision.APPROVE)
    return (await way.dispatcher.wait(operation)).page


async def test_a_volume_is_put_back_while_its_service_is_down_and_the_old_files_are_kept(way: Road) -> None:
    taken = await ordered(way, "backup shop volume uploads")
    assert taken.title == "Volume backup of shop: uploads succeeded", taken
    files, app = files_of(way), way.lab.directory / "app"
    since = (app / "since").read_text()
    for file in files:
        file.write_text("spoilt")

    report = await in_two_hands(way, "restore shop --volume uploads")

    assert report.title == "Volume restore of shop: uploads succeeded", report.parts
    assert [file.read_text() for file in files] == ["as it was"] * 2
    assert (app / "state").read_text() == "active\n"
    assert (app / "since").read_text() != since
    aside = sorted(app.glob("*.aside-*/file"))
    assert [file.read_text() for file in aside] == ["spoilt"] * 2
    assert all(str(file.parent) in repr(report) for file in aside)
    assert not list(app.glob("*.restore-*"))


async def test_where_the_service_is_not_healthy_with_them_the_old_files_come_back(way: Road) -> None:
    files, app = files_of(way), way.lab.directory / "app"
    way.lab.account.write(app / "uploads" / "sick", "")
    await ordered(way, "backup shop volume uploads")
    (app / "uploads" / "sick").unlink()
    files[0].write_text("in use")

    report = await in_two_hands(way, "restore --volume=uploads")

    assert report.title == "Volume restore of shop: uploads failed", report
    assert "app is not healthy after 1 s" in repr(report)
    assert files[0].read_text() == "in use"
    assert not (app / "uploads" / "sick").exists()
    assert (app / "state").read_text() == "active\n"
    assert (app / f"uploads.restore-{await newest_operation(way)}" / "sick").exists()


async def newest_operation(way: Road) -> str:
    return (await way.world.ledger.read(list_operations))[0].id


async def test_what_was_cut_short_is_never_put_in_place(way: Road) -> None:
    newest = max(Path(way.cluster.volumes[0].directory).glob("*Z"))
    (packed,) = newest.glob("2.tar.*")
    packed.write_bytes(packed.read_bytes()[:-1])
    report = await in_two_hands(way, f"restore --volume uploads {newest.name}")
    assert "it differs from its checksums" in repr(report)
    assert "The files in use were not touched" in repr(report)
    assert files_of(way)[0].read_text() == "in use"


async def test_an_encrypted_volume_of_docker_comes_back_while_its_container_is_stopped(way: Road) -> None:
    taken = await ordered(way, "backup volume media")
    assert taken.title == "Volume backup of shop: media succeeded", taken.parts
    (backup,) = (way.lab.directory / "sealed").glob("*Z")
    assert "1.tar.zst.gpg" in [path.name for path in backup.iterdir()]
    app = way.lab.directory / "app"
    data = app / "volumes/shop_media/_data"
    (data / "picture").write_text("spoilt")

    report = await in_two_hands(way, "restore shop --volume media")

    assert report.title == "Volume restore of shop: media succeeded", report.parts
    assert (data / "picture").read_text() == "as it was"
    (aside,) = data.parent.glob("_data.aside-*")
    assert (aside / "picture").read_text() == "spoilt"
    assert (app / "at_stop" / "picture").read_text() == "spoilt"  # it was stopped before anything was moved
    assert (app / "container").read_text() == "running\n"
