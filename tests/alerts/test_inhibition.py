"""What hides what: the graph as a table, over the rules that are there and over made-up ones of other things."""

from dataclasses import replace

import pytest

from alerts.dependencies import NEEDS, Layer
from alerts.inhibition import cause_of, hides
from alerts.rules import RULES
from alerts.rules.availability import STANDBY_DOWN
from alerts.rules.rule import Rule
from ledger.alerts import Severity
from tests.alerts.test_notices import ALERT

BY_NAME = {rule.name: rule for rule in RULES}


def made_up(name: str, about: Layer | None = None, *takes_down: Layer) -> Rule:
    return replace(STANDBY_DOWN, name=name, about=about, takes_down=takes_down, hidden_by=(), hidden_by_same=())


PROXY_DOWN = made_up("proxy_down", Layer.SERVICE, Layer.SERVICE)
SLOW_ROUTER = made_up("slow_router", Layer.MEASURE)
LONG_TRANSACTION = made_up("long_transaction", Layer.INSIDE)
ALL = {**BY_NAME, **{rule.name: rule for rule in (PROXY_DOWN, SLOW_ROUTER, LONG_TRANSACTION)}}


@pytest.mark.parametrize(
    ("cause", "where", "consequence", "subject", "hidden"),
    [
        # A host that is down hides what runs on it, and nothing elsewhere.
        ("host_down", "db1", "standby_down", "db1", True),
        ("host_down", "db1", "disk", "db1 /data", True),
        ("host_down", "db1", "long_transaction", "db1", True),
        ("host_down", "db1", "cannot_see", "db1", True),
        ("host_down", "db1", "raid", "db1", True),
        ("host_down", "db1", "full_in", "db1 /data", True),
        ("host_down", "db1", "host_timeouts", "db1", True),
        ("host_down", "db1", "disk", "db10 /data", False),
        ("host_down", "db1", "standby_down", "db2", False),
        ("host_down", "db2", "replay_lag", "db2", True),
        ("host_down", "web1", "proxy_down", "web1 traefik", True),
        ("host_down", "web1", "slow_router", "web1 traefik shop", True),
        # A service hides what is measured of it, and not of its neighbour.
        ("proxy_down", "web1 traefik", "slow_router", "web1 traefik shop", True),
        ("proxy_down", "web1 traefik", "slow_router", "web1 redis", False),
        ("slow_router", "web1 traefik shop", "proxy_down", "web1 traefik", False),
        # Without a primary nothing is replicated, archived or led.
        ("primary_down", "db1", "replication_broken", "db2", True),
        ("primary_down", "db1", "replay_lag", "db2", True),
        ("primary_down", "db1", "wal_archive", "db1", True),
        ("primary_down", "db1", "patroni_no_leader", "shop", True),
        ("primary_down", "db1", "patroni_member", "db1", True),
        ("primary_down", "db1", "long_transaction", "db1", True),
        ("primary_down", "db1", "long_transaction", "db2", False),
        ("primary_down", "db1", "standby_down", "db2", False),
        ("primary_down", "db1", "no_primary", "shop", True),
        ("no_primary", "shop", "replay_lag", "db2", True),
        ("split_brain", "shop", "replication_broken", "db2", True),
        # A standby that is down, or receives nothing, is behind as well; its neighbour is not.
        ("standby_down", "db2", "replay_lag", "db2", True),
        ("standby_down", "db2", "replay_lag", "db3", False),
        ("replication_broken", "db2", "replay_lag", "db2", True),
        ("replay_lag", "db2", "replication_broken", "db2", False),
        ("patroni_dcs", "shop", "patroni_no_leader", "shop", True),
        ("patroni_dcs", "shop", "patroni_member", "db2", True),
        ("replication_broken", "db2", "port", "db1 to db2 port 5432", True),
        ("host_down", "db1", "port", "db1 to db2 port 5432", True),
        ("host_down", "db2", "tailnet_peer", "db1 to db2", True),
        # What nothing may hide: a failover is offered there.
        ("host_down", "db1", "primary_down", "db1", False),
        ("primary_down", "db1", "host_down", "db1", True),
        ("host_down", "db1", "split_brain", "shop", False),
        ("standby_down", "db1", "primary_down", "db1", False),
        ("primary_down", "db1", "standby_down", "db1", False),
    ],
)
def test_what_hides_what(cause: str, where: str, consequence: str, subject: str, hidden: bool) -> None:
    assert hides(ALL[cause], where, ALL[consequence], subject) is hidden


def test_the_graph_has_no_circles() -> None:
    def beneath(layer: Layer, above: tuple[Layer, ...] = ()) -> None:
        assert layer not in above
        for need in NEEDS.get(layer, ()):
            beneath(need.layer, (*above, layer))

    for layer in Layer:
        beneath(layer)


def test_the_cause_is_the_alert_that_fires_and_nothing_is_its_own() -> None:
    down = replace(ALERT, rule="standby_down", subject="db2")
    firing = {("standby_down", "db2"): down}
    assert cause_of(BY_NAME["replay_lag"], "db2", Severity.WARNING, firing, BY_NAME) is down
    assert cause_of(BY_NAME["standby_down"], "db2", Severity.WARNING, firing, BY_NAME) is None
    assert cause_of(BY_NAME["replay_lag"], "db2", Severity.WARNING, {}, BY_NAME) is None


def test_what_is_critical_is_never_a_line_on_a_warning() -> None:
    warning = replace(ALERT, rule="standby_down", subject="db2", severity=Severity.WARNING)
    firing = {("standby_down", "db2"): warning}
    lag = BY_NAME["replay_lag"]
    assert cause_of(lag, "db2", Severity.WARNING, firing, BY_NAME) is warning
    assert cause_of(lag, "db2", Severity.CRITICAL, firing, BY_NAME) is None


def test_two_primaries_and_an_unknown_rule_hide_nothing_they_should_not() -> None:
    assert not any(hides(cause, "shop", BY_NAME["split_brain"], "shop") for cause in RULES)
    gone = {("a_rule_that_is_no_more", "db2"): ALERT}
    assert cause_of(BY_NAME["replay_lag"], "db2", Severity.WARNING, gone, BY_NAME) is None
