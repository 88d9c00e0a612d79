"""The identity of settings: another machine is another digest, another password is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from servers.identity import identity
from servers.inventory import CommandFence, Ec2Fence, PatroniPlace, Server
from servers.ssh import Shells
from servers.traffic.command import CommandPlace, CommandTarget
from servers.traffic.haproxy import HaproxyPlace
from servers.traffic.pgbouncer import PgBouncerPlace
from servers.traffic.route53 import Route53Place
from servers.traffic.target import Address
from tests.commands.inventory import server

DB2 = server("db2", fence=CommandFence(("ipmi-off", "db2")))
POOL = PgBouncerPlace(
    "pool", "host=pool password=a", DB2.ssh, "/etc/pgbouncer.ini", ("app",), {"db2": Address("10.0.0.2", 5432)}
)
PROXY = HaproxyPlace("web", DB2.ssh, "/run/haproxy.sock", "pg", {"db2": "two"})
NAME = Route53Place("dns", "Z1", "db.example.org", "CNAME", {"db2": "two.example.org"})
SWITCH = CommandPlace("switch", ("point", "--at"), {"db2": Address("10.0.0.2", 5432)})

ELSEWHERE: tuple[Callable[[Server], Server], ...] = (
    lambda one: replace(one, conninfo="host=10.9.9.9 password=very-secret-word"),
    lambda one: replace(one, ssh=replace(one.ssh, host="10.9.9.9")),
    lambda one: replace(one, ssh=replace(one.ssh, user="root")),
    lambda one: replace(one, service=replace(one.service, data_directory="/data/other")),
    lambda one: replace(one, service=replace(one.service, unit="postgresql@15-other")),
    lambda one: replace(one, service=replace(one.service, container="other")),
    lambda one: replace(one, replication="host=10.9.9.9 user=replicator"),
    lambda one: replace(one, slot="other"),
    lambda one: replace(one, fence=CommandFence(("ipmi-off", "db3"))),
    lambda one: replace(one, fence=CommandFence(("ipmi-off", "db2"), confirm=("ipmi-status", "db3"))),
    lambda one: replace(one, fence=Ec2Fence("i-0abc")),
    lambda one: replace(one, fence=None),
)


@pytest.mark.parametrize("change", ELSEWHERE)
def test_another_machine_is_another_identity(change: Callable[[Server], Server]) -> None:
    assert identity(change(DB2)) != identity(DB2)


def test_a_fence_that_stops_another_instance_is_another_identity() -> None:
    one, other = (identity(replace(DB2, fence=Ec2Fence(instance))) for instance in ("i-0abc", "i-0def"))
    assert one != other


@pytest.mark.parametrize(
    ("place", "other"),
    [
        (POOL, replace(POOL, admin="host=elsewhere password=a")),
        (POOL, replace(POOL, file="/etc/other.ini")),
        (POOL, replace(POOL, addresses={"db2": Address("10.0.0.3", 5432)})),
        (PROXY, replace(PROXY, host=replace(PROXY.host, host="elsewhere"))),
        (PROXY, replace(PROXY, servers={"db2": "three"})),
        (NAME, replace(NAME, zone="Z2")),
        (NAME, replace(NAME, values={"db2": "three.example.org"})),
        (SWITCH, replace(SWITCH, redirect=("point", "--elsewhere"))),
        (SWITCH, replace(SWITCH, host=DB2.ssh)),
    ],
)
def test_a_traffic_target_that_leads_elsewhere_is_another_identity(place: object, other: object) -> None:
    assert identity(place) != identity(other)


def test_a_target_has_the_identity_of_its_place() -> None:
    assert CommandTarget(SWITCH, Shells()).identity == identity(SWITCH)


def test_no_secret_goes_into_it() -> None:
    """Whatever the password is, or whether there is one, the digest is the same: nothing can be guessed from it."""
    for name in ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"):
        assert identity(replace(DB2, conninfo=f"host=db2 {name}=guess")) == identity(DB2)
    assert identity(replace(DB2, conninfo="postgresql://db2?password=x")) == identity(DB2)
    assert identity(replace(POOL, admin="host=pool password=b")) == identity(POOL)
    patroni = PatroniPlace((("db2", "http://db2:8008"),), password="bare")
    assert identity(patroni) == identity(replace(patroni, password=None))


@pytest.mark.parametrize(
    ("value", "otherwise"),
    [
        (DB2, replace(DB2, disks=("/", "/var"))),
        (DB2, replace(DB2, fence=CommandFence(("ipmi-off", "db2"), timeout=99.0))),
        (DB2, replace(DB2, conninfo=f"{DB2.conninfo} connect_timeout=7 sslmode=require")),
        (DB2, replace(DB2, service=replace(DB2.service, bin_directory="/opt/pg/bin", use_sudo=True))),
        (POOL, replace(POOL, hold_seconds=99.0)),
        (SWITCH, replace(SWITCH, hold_seconds=99.0, redirect_seconds=99.0)),
    ],
)
def test_how_long_or_by_which_programs_something_is_done_makes_no_other_machine(
    value: object, otherwise: object
) -> None:
    assert identity(otherwise) == identity(value)


def test_where_this_machine_keeps_its_keys_says_nothing_of_the_other_one() -> None:
    """The bot and the terminal may have them in different places."""
    moved = replace(DB2.ssh, key_file=Path("/home/bob/.ssh/id"), known_hosts=Path("/home/bob/.ssh/known_hosts"))
    assert identity(replace(DB2, ssh=moved)) == identity(DB2)


def test_it_is_the_same_in_every_process() -> None:
    assert identity(("db2", 5432)) == "9c932bbdcc8f03d8"
