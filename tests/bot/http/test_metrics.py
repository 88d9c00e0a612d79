"""What Prometheus reads: known numbers as numbers, and nothing where nothing is known."""

from dataclasses import replace

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from bot.http.metrics import BotView, ClusterView, Metrics
from servers.lsn import Lsn
from servers.state import ClusterState, Outcome
from servers.verdict import judge
from tests.servers.seen import PAIR, PRIMARY_FACTS, STANDBY_FACTS, look, seen


def _cluster(state: ClusterState | None) -> ClusterView:
    return ClusterView(PAIR, state, judge(PAIR, state) if state else None, 0.5 if state else None, 0.01, 2, 5)


def _scraped(*clusters: ClusterView, sockets: int | None = 2) -> str:
    alerts = (("shop", "critical"), ("shop", "critical"), ("shop", "warning"))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Metrics(lambda: BotView(clusters, alerts, 3, 1.5, sockets, 0.002)))
    return generate_latest(registry).decode()


def test_a_healthy_pair_and_the_bots_own_numbers() -> None:
    behind = replace(STANDBY_FACTS, replay_lsn=Lsn(900))
    text = _scraped(_cluster(look(seen("db1", PRIMARY_FACTS), seen("db2", behind))))
    for line in (
        'understudy_cluster_verdict{cluster="shop",verdict="healthy"} 1.0',
        'understudy_cluster_verdict{cluster="shop",verdict="primary down"} 0.0',
        'understudy_server_up{cluster="shop",server="db2"} 1.0',
        'understudy_server_primary{cluster="shop",server="db1"} 1.0',
        'understudy_replay_lag_bytes{cluster="shop",server="db2"} 100.0',
        'understudy_failed_looks{cluster="shop"} 2.0',
        'understudy_looks_left_out{cluster="shop"} 5.0',
        'understudy_alerts_firing{cluster="shop",severity="critical"} 2.0',
        "understudy_outbox_pending 3.0",
        "understudy_slack_sockets 2.0",
    ):
        assert line in text


def test_what_is_not_known_is_left_out() -> None:
    dead = _scraped(_cluster(look(seen("db1", Outcome.REFUSED), seen("db2", STANDBY_FACTS))))
    assert 'understudy_server_up{cluster="shop",server="db1"} 0.0' in dead
    assert "understudy_replay_lag_bytes{" not in dead

    unseen = _scraped(_cluster(None), sockets=None)
    assert "understudy_cluster_verdict{" not in unseen
    assert "understudy_look_age_seconds{" not in unseen
    assert "understudy_slack_sockets" not in unseen
