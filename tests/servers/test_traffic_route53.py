"""Route 53, as moto plays it: where the name leads changes, and nothing else of the record."""

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from moto.server import ThreadedMotoServer

from servers.engines.engine import ActionFailed
from servers.traffic.route53 import Route53, Route53Place
from servers.traffic.target import Move

NAME = "db.example.net"
MOVE = Move("shop", "db1", "db2")
VALUES = {"db1": "db1.example.net", "db2": "db2.example.net"}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "practice")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Zone:
    """A hosted zone with records of our making."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._client = boto3.client("route53", region_name="us-east-1", endpoint_url=endpoint)
        created = self._client.create_hosted_zone(Name="example.net", CallerReference=endpoint)
        self.id = created["HostedZone"]["Id"]

    def put(self, **record: object) -> None:
        whole = {"Name": NAME, "Type": "CNAME", "TTL": 30, **record}
        change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": whole}]}
        self._client.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=cast(Any, change))

    def records(self) -> list[dict[str, Any]]:
        answer = self._client.list_resource_record_sets(HostedZoneId=self.id)
        return [dict(one) for one in answer["ResourceRecordSets"] if one["Name"].rstrip(".") == NAME]

    def target(self, **place: object) -> Route53:
        known: dict[str, Any] = {"values": VALUES, "type": "CNAME", "region": "us-east-1", **place}
        return Route53(
            Route53Place(name="dns", zone=self.id, record=NAME, endpoint_url=self.endpoint, **known), poll=0.01
        )


@pytest.fixture
def zone(endpoint: str) -> Zone:
    return Zone(endpoint)


def value(server: str) -> list[dict[str, str]]:
    return [{"Value": VALUES[server]}]


async def test_a_plain_record_leads_to_the_new_primary_and_back(zone: Zone) -> None:
    zone.put(ResourceRecords=value("db1"))
    dns = zone.target()
    assert (await dns.look(timeout=10)).server == "db1"
    await dns.redirect(MOVE, timeout=10)
    proved = await dns.verify(MOVE, timeout=10)
    assert "resolvers may keep the old answer for 30 s" in proved.detail
    assert (await dns.look(timeout=10)).server == "db2"
    [record] = zone.records()
    assert (record["TTL"], record["ResourceRecords"]) == (30, value("db2"))
    await dns.undo(MOVE, timeout=10)
    assert (await dns.look(timeout=10)).server == "db1"


async def test_a_health_check_and_the_other_records_of_a_failover_stay(zone: Zone) -> None:
    check = "11111111-2222-3333-4444-555555555555"
    zone.put(SetIdentifier="main", Failover="PRIMARY", HealthCheckId=check, ResourceRecords=value("db1"))
    zone.put(SetIdentifier="spare", Failover="SECONDARY", ResourceRecords=[{"Value": "sorry.example.net"}])
    before = {record["SetIdentifier"]: record for record in zone.records()}
    dns = zone.target(set_identifier="main")
    await dns.redirect(MOVE, timeout=10)
    after = {record["SetIdentifier"]: record for record in zone.records()}
    assert after["spare"] == before["spare"]
    assert after["main"] == {**before["main"], "ResourceRecords": value("db2")}
    assert after["main"]["HealthCheckId"] == check


async def test_of_weighted_records_the_weights_are_moved(zone: Zone) -> None:
    zone.put(SetIdentifier="blue", Weight=100, ResourceRecords=value("db1"))
    zone.put(SetIdentifier="green", Weight=0, ResourceRecords=value("db2"))
    dns = zone.target(weighted={"db1": "blue", "db2": "green"})
    assert (await dns.look(timeout=10)).server == "db1"
    await dns.redirect(MOVE, timeout=10)
    assert {record["SetIdentifier"]: record["Weight"] for record in zone.records()} == {"blue": 0, "green": 100}
    assert (await dns.look(timeout=10)).server == "db2"
    await dns.undo(MOVE, timeout=10)
    assert {record["SetIdentifier"]: record["Weight"] for record in zone.records()} == {"blue": 100, "green": 0}


async def test_several_weighted_records_come_back_as_they_were(zone: Zone) -> None:
    zone.put(SetIdentifier="blue", Weight=200, ResourceRecords=value("db1"), HealthCheckId="11111111-2222")
    zone.put(SetIdentifier="green", Weight=30, ResourceRecords=value("db2"))
    zone.put(SetIdentifier="grey", Weight=7, ResourceRecords=[{"Value": "db3.example.net"}])
    zone.put(SetIdentifier="foreign", Weight=1, ResourceRecords=[{"Value": "elsewhere.example.net"}])
    before = zone.records()
    dns = zone.target(weighted={"db1": "blue", "db2": "green", "db3": "grey"})
    await dns.redirect(MOVE, timeout=10)
    weights = {record["SetIdentifier"]: record["Weight"] for record in zone.records()}
    assert weights == {"blue": 0, "green": 200, "grey": 0, "foreign": 1}
    await dns.undo(MOVE, timeout=10)
    assert zone.records() == before
    assert (await dns.undo(MOVE, timeout=10)).detail == "db.example.net is as it was."


async def test_after_a_restart_the_undo_says_that_it_does_not_know_the_weights(zone: Zone) -> None:
    zone.put(SetIdentifier="blue", Weight=90, ResourceRecords=value("db1"))
    zone.put(SetIdentifier="green", Weight=10, ResourceRecords=value("db2"))
    weighted = {"db1": "blue", "db2": "green"}
    await zone.target(weighted=weighted).redirect(MOVE, timeout=10)
    undone = await zone.target(weighted=weighted).undo(MOVE, timeout=10)
    assert {record["SetIdentifier"]: record["Weight"] for record in zone.records()} == {"blue": 90, "green": 0}
    assert undone.detail.endswith("What their weights were before the change is not known any more.")


class LostAnswers:
    """Between boto3 and Route 53: changes get no answer, and only those arrive that are `delivered`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, delivered: bool) -> None:
        self.delivered, self.lost, self.changes = delivered, True, 0
        send = URLLib3Session.send

        def broken(session: URLLib3Session, request: Any) -> Any:
            if request.method != "POST":
                return send(session, request)
            self.changes += 1
            if not self.lost:
                return send(session, request)
            if self.delivered:
                send(session, request)
            raise ReadTimeoutError(endpoint_url=request.url)

        monkeypatch.setattr(URLLib3Session, "send", broken)


async def test_a_change_whose_answer_is_lost_is_looked_for_and_not_sent_again(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.put(ResourceRecords=value("db1"))
    wire = LostAnswers(monkeypatch, delivered=True)
    done = await zone.target().redirect(MOVE, timeout=10)
    assert wire.changes == 1
    assert "is there, though Route 53 gave no answer" in done.detail
    assert "cannot be told" in done.detail


async def test_a_change_that_may_land_after_its_undo_is_said_so(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.put(ResourceRecords=value("db1"))
    wire, dns = LostAnswers(monkeypatch, delivered=False), zone.target()
    with pytest.raises(ActionFailed, match=r"sent once, is not seen there, and may still land"):
        await dns.redirect(MOVE, timeout=4)
    assert wire.changes == 1
    wire.lost = False
    undone = await dns.undo(MOVE, timeout=10)
    assert "got no answer and may still land after this" in undone.detail
    assert zone.records()[0]["ResourceRecords"] == value("db1")


async def test_what_cannot_be_told_apart_or_found_is_said(zone: Zone) -> None:
    with pytest.raises(ActionFailed, match=r"0 records db\.example\.net CNAME"):
        await zone.target().look(timeout=10)
    zone.put(SetIdentifier="blue", Weight=1, ResourceRecords=value("db1"))
    zone.put(SetIdentifier="green", Weight=1, ResourceRecords=value("db2"))
    with pytest.raises(ActionFailed, match="Set set_identifier or weighted"):
        await zone.target().look(timeout=10)
    assert (await zone.target(weighted={"db1": "blue", "db2": "green"}).look(timeout=10)).server is None


async def test_silence_is_said_within_the_time() -> None:
    place = Route53Place("dns", "Z1", NAME, "CNAME", VALUES, region="us-east-1", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(ActionFailed, match="Route 53"):
        await Route53(place).look(timeout=5)
