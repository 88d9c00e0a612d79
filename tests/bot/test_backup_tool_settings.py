"""The settings of pgBackRest and Barman: what they become, and what is said of mistakes."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.backup_settings import BackupSettings, backup_place, mistakes_in_backups
from bot.settings_mistakes import mistakes_of
from bot.settings_types import SshSettings
from servers.backups.barman.place import BarmanPlace
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.inventory import BackupPlace, BackupTool, SshTarget

SERVERS: dict[str, dict[str, str]] = {"db1": {}, "db2": {}}
SSH = {"host": "10.0.0.30", "user": "barman", "known_hosts": "known_hosts"}
HOST = SshTarget("10.0.0.30", 22, "barman", None, Path("known_hosts"))


def target(section: SshSettings) -> SshTarget:
    return SshTarget(section.host, section.port, section.user, section.key_file, section.known_hosts)


def place_of(**section: Any) -> BackupPlace:
    return backup_place(TypeAdapter[BackupSettings](BackupSettings).validate_python(section), target)


def mistakes(**section: Any) -> list[str]:
    found = mistakes_in_backups("clusters.shop", {"servers": SERVERS, "backups": section})
    return [str(mistake) for mistake in found]


def test_without_a_kind_it_is_the_native_tool() -> None:
    assert place_of(directory="/backups").tool is BackupTool.NATIVE


def test_a_stanza_is_enough_for_pgbackrest() -> None:
    place = place_of(kind="pgbackrest", stanza="shop")
    assert place == BackupPlace(BackupTool.PGBACKREST, "", pgbackrest=PgBackRestPlace("shop"))
    assert place.archives
    assert not mistakes(kind="pgbackrest", stanza="shop")


def test_a_repository_host_is_reached_by_ssh() -> None:
    place = place_of(kind="pgbackrest", stanza="shop", configuration="/etc/pgbackrest.conf", ssh=SSH)
    assert place.pgbackrest == PgBackRestPlace("shop", "/etc/pgbackrest.conf", HOST)


def test_barman_with_the_ways_to_and_from_it() -> None:
    ways = {"db1": "ssh -q postgres@10.0.0.11"}
    place = place_of(kind="barman", name="shop", ssh=SSH, to_servers=ways, to_barman="ssh -q barman@10.0.0.30")
    assert place.barman == BarmanPlace(
        "shop", host=HOST, to_servers=tuple(ways.items()), to_barman="ssh -q barman@10.0.0.30"
    )
    assert not mistakes(kind="barman", name="shop", ssh=SSH, to_servers=ways)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            {"kind": "barman", "name": "shop"},
            "clusters.shop.backups.server: is missing: nothing says",
        ),
        (
            {"kind": "pgbackrest", "server": "db3"},
            "clusters.shop.backups.server: names 'db3', no server",
        ),
        ({"kind": "pgbackrest", "server": "db1", "ssh": SSH}, "clusters.shop.backups.ssh: is given beside server"),
        ({"kind": "barman", "server": "db1", "to_servers": {"db7": "ssh x"}}, "clusters.shop.backups.to_servers.db7: "),
    ],
)
def test_what_does_not_fit_together_is_one_line(section: dict[str, Any], said: str) -> None:
    (line,) = mistakes(**section)
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"kind": "rsync"}, "use 'native', 'pgbackrest', 'barman'"),
        ({"kind": "pgbackrest"}, "is missing"),
        ({"kind": "pgbackrest", "stanza": "a b"}, "use letters, digits"),
        ({"kind": "pgbackrest", "stanza": "shop", "configuration": "/etc/$(x)"}, "write a whole path"),
        ({"kind": "barman", "name": "shop", "to_barman": "ssh x; y"}, "write the first words of a command"),
        ({"kind": "barman", "name": "shop", "directory": "/backups"}, "is not a setting"),
    ],
)
def test_every_wrong_value_says_what_would_be_right(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        place_of(**section)
    (mistake,) = mistakes_of(caught.value)
    assert said in str(mistake)
