"""The settings of what leads clients to the primary."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from bot.settings_mistakes import mistakes_of
from bot.settings_template import template
from bot.traffic_settings import (
    CommandSettings,
    HaproxySettings,
    PgBouncerSettings,
    Route53Settings,
    TrafficSettings,
    mistakes_in_traffic,
    traffic_secrets,
)

KEY = "clusters.shop.traffic.site"
COMMAND = {"kind": "command", "redirect": ["true"]}
SSH = {"host": "10.0.0.30", "user": "postgres", "known_hosts": "known_hosts"}
POOLER = {"kind": "pgbouncer", "admin": "host=10.0.0.30 port=6432", "databases": ["app"], "ssh": SSH}
PROXY = {"kind": "haproxy", "backend": "app", "servers": {"db1": "a", "db2": "b"}, "ssh": SSH}
NAME = {"kind": "route53", "zone": "Z1", "record": "shop.example", "values": {"db1": "a.example", "db2": "b.example"}}
MODELS = (PgBouncerSettings, HaproxySettings, Route53Settings, CommandSettings)


class Traffic(BaseModel):
    """A cluster, with nothing but its traffic."""

    traffic: dict[str, TrafficSettings]


class Clusters(BaseModel):
    """The settings, with nothing but that."""

    clusters: dict[str, Traffic]


def wrong(**raw: object) -> dict[str, str]:
    """What is said of the target `site` with these keys."""
    with pytest.raises(ValidationError) as caught:
        Clusters.model_validate({"clusters": {"shop": {"traffic": {"site": raw}}}})
    return {one.key: f"{one.wrong}; {one.right}" for one in mistakes_of(caught.value)}


def referring(**raw: Any) -> dict[str, str]:
    found = mistakes_in_traffic(KEY, raw, frozenset({"db1", "db2"}))
    return {one.key.removeprefix(f"{KEY}."): f"{one.wrong}; {one.right}" for one in found}


@pytest.mark.parametrize(
    ("raw", "key", "words"),
    [
        ({}, "kind", "is missing; add it"),
        ({"kind": "nginx"}, "kind", "is none of the values allowed here; use 'pgbouncer', 'haproxy', 'route53', 'comm"),
        ({"kind": "command", "redirect": []}, "redirect", "has too few entries; give at least 1"),
        ({"kind": "command"}, "redirect", "is missing; add it"),
        ({**COMMAND, "databases": ["app"]}, "databases", "is not a setting; remove it"),
        ({**COMMAND, "addresses": {"db1": "10.0.0.1"}}, "addresses.db1", "does not look right; write host:port"),
        ({**POOLER, "verify": ["true"]}, "verify", "is not a setting; remove it"),
        ({**POOLER, "ssh": {**SSH, "port": 0}}, "ssh.port", "cannot be used; "),
        ({**PROXY, "parking": "p; shutdown"}, "parking", "does not look right; use letters, digits"),
        ({**PROXY, "backend": "app; shutdown"}, "backend", "does not look right; use letters, digits"),
        ({**PROXY, "servers": {"db1": "a", "db2": "b\nshow"}}, "servers.db2", "does not look right; use letters"),
        ({**NAME, "type": "TXT"}, "type", "is none of the values allowed here; use 'A', 'AAAA' or 'CNAME'"),
    ],
)
def test_a_mistake_has_one_line_and_the_key_that_stands_in_the_file(
    raw: dict[str, object], key: str, words: str
) -> None:
    said = wrong(**raw)
    assert list(said) == [f"{KEY}.{key}"]
    assert said[f"{KEY}.{key}"].startswith(words)


@pytest.mark.parametrize(
    ("raw", "key", "words"),
    [
        ({**POOLER, "admin": "host"}, "admin", "is no libpq connection string"),
        ({**COMMAND, "addresses": {"db9": "10.0.0.9:5432"}}, "addresses.db9", "names no server of this cluster"),
        ({**COMMAND, "hold": ["true"]}, "release", "is missing; hold and release go together"),
        ({**PROXY, "servers": {"db1": "a"}}, "servers.db2", "is missing; say what leads clients to db2"),
        ({**NAME, "values": {"db2": "b"}}, "values.db1", "is missing; say what leads clients to db1"),
        ({**NAME, "weighted": {"db1": "a"}}, "weighted.db2", "is missing; say what leads clients to db2"),
    ],
)
def test_what_could_not_lead_clients_is_a_mistake(raw: dict[str, object], key: str, words: str) -> None:
    said = referring(**raw)
    assert list(said) == [key]
    assert words in said[key]


@pytest.mark.parametrize("raw", [COMMAND, POOLER, PROXY, NAME])
def test_what_is_right_is_no_mistake(raw: dict[str, object]) -> None:
    assert Clusters.model_validate({"clusters": {"shop": {"traffic": {"site": raw}}}})
    assert referring(**raw) == {}


def test_the_passwords_of_poolers_are_secrets() -> None:
    raw = {"pool": {**POOLER, "admin_password": "one", "landing": "host=h password=two"}, "site": COMMAND}
    sections = Traffic.model_validate({"traffic": raw}).traffic
    assert set(traffic_secrets(sections.values())) == {"one", "two"}


def test_what_init_writes_names_every_key() -> None:
    for model in MODELS:
        assert all(name in template() for name in model.model_fields)
