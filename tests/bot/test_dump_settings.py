"""The settings of dumps and volumes: what they become, and what is said of mistakes."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.dump_settings import DumpSettings, VolumeSettings, dump_place, mistakes_in_dumps, volume_place
from servers.backups.partial.place import DumpPlace, PartRetention
from servers.inventory import Encryption, SshTarget
from servers.managed_service import ManagedService, ManagerKind

DAY = 86400.0
KEY = "0123456789ABCDEF" * 2 + "01234567"
CLUSTER: dict[str, Any] = {"servers": {"db1": {}, "db2": {}}, "services": {"app": {}}}
DB1 = SshTarget("db1", 22, "postgres", None, Path("known_hosts"))
ELSEWHERE = SshTarget("app1", 22, "root", None, Path("known_hosts"))


def test_only_a_directory_is_needed_for_a_dump_of_everything() -> None:
    assert dump_place("nightly", DumpSettings.model_validate({"directory": "/dumps"})) == DumpPlace("nightly", "/dumps")


def test_whose_dump_it_is_who_can_read_it_and_how_old_it_may_be() -> None:
    section: dict[str, Any] = {"directory": "/dumps", "databases": ["shop", "host=x"], "server": "db2", "max_age": "8d"}
    section["keep"] = {"newest": 7, "age": "14d"}
    place = dump_place("weekly", DumpSettings.model_validate({**section, "encryption": {"recipients": [KEY]}}))
    assert place == DumpPlace(
        "weekly", "/dumps", ("shop", "host=x"), "db2", Encryption((KEY,)), 8 * DAY, PartRetention(7, 14 * DAY)
    )


def test_a_volume_lies_where_its_service_runs_unless_a_server_is_named() -> None:
    service = ManagedService("app", "app1", ELSEWHERE, ManagerKind.SYSTEMD, unit="app")
    section: dict[str, Any] = {"directory": "/keep", "directories": ["/srv/app"], "service": "app"}
    by_service = volume_place("files", VolumeSettings.model_validate(section), (service,), lambda _: DB1)
    by_server = volume_place(
        "files", VolumeSettings.model_validate({**section, "server": "db1"}), (service,), lambda _: DB1
    )
    assert (by_service.place, by_service.host.ssh) == ("app1", ELSEWHERE)
    assert (by_server.place, by_server.host.ssh) == ("db1", DB1)


@pytest.mark.parametrize(
    ("model", "section"),
    [
        (DumpSettings, {}),
        (DumpSettings, {"directory": "dumps"}),
        (DumpSettings, {"directory": "/dumps", "databases": [""]}),
        (DumpSettings, {"directory": "/dumps", "databases": ["a\nb"]}),
        (DumpSettings, {"directory": "/dumps", "max_age": "soon"}),
        (DumpSettings, {"directory": "/dumps", "keep": {"newest": 0}}),
        (DumpSettings, {"directory": "/dumps", "encryption": {"recipients": ["01234567"]}}),
        (VolumeSettings, {"directory": "/keep", "directories": ["/"]}),
        (VolumeSettings, {"directory": "/keep", "directories": ["srv"]}),
        (VolumeSettings, {"directory": "/keep", "docker_volumes": ["--rm"]}),
    ],
)
def test_what_has_the_wrong_shape_is_refused(model: type[DumpSettings | VolumeSettings], section: object) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(section)


@pytest.mark.parametrize(
    ("section", "key", "wrong", "right"),
    [
        ({"dumps": {"a": {"server": "db22"}}}, "dumps.a.server", "names 'db22', no server", "did you mean 'db2'?"),
        ({"dumps": {"a": {"directory": "/b/"}}}, "dumps.a.directory", "is that of backups.directory", "of its own"),
        (
            {"dumps": {"a": {"directory": "/d"}, "b": {"directory": "/d"}}},
            "dumps.b.directory",
            "is that of dumps.a too",
            "of its own",
        ),
        ({"volumes": {"f": {"server": "db1"}}}, "volumes.f.directories", "is missing", "name what"),
        ({"volumes": {"f": {"docker_volumes": ["v"]}}}, "volumes.f.server", "nothing says where", "name either"),
        (
            {"volumes": {"f": {"docker_volumes": ["v"], "service": "ap"}}},
            "volumes.f.service",
            "no service of this cluster",
            "did you mean 'app'?",
        ),
        (
            {"volumes": {"f": {"directory": "/srv/app/keep", "directories": ["/srv/app"], "server": "db1"}}},
            "volumes.f.directory",
            "lies within /srv/app",
            "elsewhere",
        ),
        (
            {
                "servers": {"db1": {"service": {"data_directory": "/srv/pg/18"}}},
                "volumes": {"f": {"directory": "/keep", "directories": ["/srv/pg"], "server": "db1"}},
            },
            "volumes.f.directories",
            "names /srv/pg, in or around the data directory of db1",
            "a restore would move it aside",
        ),
    ],
)
def test_what_does_not_go_together_is_named(section: dict[str, Any], key: str, wrong: str, right: str) -> None:
    cluster = {**CLUSTER, "backups": {"directory": "/b"}, **section}
    (mistake,) = mistakes_in_dumps("clusters.shop", cluster)
    assert mistake.key == f"clusters.shop.{key}"
    assert wrong in mistake.wrong
    assert right in mistake.right
