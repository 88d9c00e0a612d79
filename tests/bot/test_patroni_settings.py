"""The settings of a cluster that Patroni runs."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.patroni_settings import PatroniSettings, mistakes_in_patroni, patroni_place

URL = "https://10.0.0.11:8008"
SERVERS: dict[str, object] = {"db1": {}, "db2": {}}
GOOD = {"members": {"db1": URL, "db2": URL}}


def test_it_becomes_a_place_with_paths_from_the_settings_directory() -> None:
    section = PatroniSettings.model_validate({**GOOD, "ca_file": "ca.pem", "user": "u", "password": "secret-word"})
    place = patroni_place(section, lambda path: Path("/etc/understudy") / path)
    assert (place.ca_file, place.password) == (Path("/etc/understudy/ca.pem"), "secret-word")
    assert place.members == (("db1", URL), ("db2", URL))
    assert "secret-word" not in repr(place)
    assert list(mistakes_in_patroni("clusters.shop", {"servers": SERVERS, "patroni": GOOD})) == []


@pytest.mark.parametrize(
    ("patroni", "cluster", "key"),
    [
        ({"members": {"db1": URL, "db2": URL, "db9": URL}}, {}, "patroni.members"),
        ({"members": {"db1": URL}}, {}, "patroni.members"),
        ({**GOOD, "certificate": "c.pem"}, {}, "patroni.key"),
        ({**GOOD, "password": "p"}, {}, "patroni.user"),
        (GOOD, {"automatic_failover": {"enabled": True}}, "automatic_failover.enabled"),
        (GOOD, {"fence_returning_primary": True}, "fence_returning_primary"),
    ],
)
def test_what_cannot_work_is_a_mistake(patroni: dict[str, object], cluster: dict[str, object], key: str) -> None:
    found = list(mistakes_in_patroni("clusters.shop", {"servers": SERVERS, "patroni": patroni, **cluster}))
    assert [one.key for one in found] == [f"clusters.shop.{key}"]


def test_an_address_with_a_password_in_it_is_none() -> None:
    with pytest.raises(ValidationError):
        PatroniSettings.model_validate({"members": {"db1": "https://user:secret@10.0.0.11:8008"}})
