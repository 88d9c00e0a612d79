"""Route 53: the record that names the primary, or the weights of a weighted set.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html. Needs
route53:ListResourceRecordSets and route53:ChangeResourceRecordSets on the zone, and route53:GetChange; credentials come
from where boto3 finds them. Health checks, TTL and routing policy of a record stay as they are.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from servers.aws import CALL, reason_of
from servers.blocking import in_thread
from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done
from servers.identity import identity
from servers.traffic.target import Move, Pointing

if TYPE_CHECKING:
    from types_boto3_route53.client import Route53Client

T = TypeVar("T")
Record = Mapping[str, Any]

_IN_SYNC = "INSYNC"
_POLL = 2.0  # seconds; Route 53 takes some ten to thirty to be in sync


@dataclass(frozen=True, slots=True)
class Route53Place:
    """`record` of `zone`. `values` has what the record says for each server (an address, or a name for a CNAME).

    Of several records of that name, `set_identifier` is the one to change; `weighted` has, by server, the set
    identifier of its weighted record instead: then weights are moved and values stay.
    """

    name: str
    zone: str
    record: str
    type: str
    values: Mapping[str, str]
    set_identifier: str | None = None
    weighted: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    endpoint_url: str | None = None


class Route53:
    """A traffic target. boto3 blocks, so each of its calls has a thread of its own and a deadline."""

    kind = "route53"
    holding = None
    hold_seconds = 0.0
    redirect_seconds = 180.0

    def __init__(self, place: Route53Place, *, poll: float = _POLL) -> None:
        self.name = place.name
        self.identity = identity(place)
        self._place = place
        self._poll = poll

    def leads_to(self, server: str) -> str:
        place = self._place
        what = f"weight of {place.weighted[server]}" if place.weighted else place.values[server]
        return f"{place.record} {place.type} {what}"

    async def look(self, *, timeout: float) -> Pointing:
        return self._pointing(await self._records(Deadline(timeout)))

    async def hold(self, move: Move, *, timeout: float) -> Done:
        return Done("A name keeps nobody waiting.", 0.0)

    async def redirect(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        records = await self._records(deadline)
        if self._pointing(records).server == move.new:
            return Done(f"{self._place.record} leads to {move.new} already.", deadline.seconds)
        change = await self._change(self._changed(records, move.new), deadline)
        await self._until_in_sync(change, deadline)
        return Done(f"Route 53 is in sync: {self.leads_to(move.new)}.", deadline.seconds)

    async def release(self, move: Move, *, timeout: float) -> Done:
        return Done("Nobody was held.", 0.0)

    async def verify(self, move: Move, *, timeout: float) -> Done:
        deadline = Deadline(timeout)
        records = await self._records(deadline)
        seen = self._pointing(records)
        if seen.server != move.new:
            raise ActionFailed(f"{self.name}: {seen.detail}, which should lead to {move.new}")
        longest = max((int(record.get("TTL", 0)) for record in records), default=0)
        return Done(f"{seen.detail}; resolvers may keep the old answer for {longest} s.", deadline.seconds)

    async def undo(self, move: Move, *, timeout: float) -> Done:
        return await self.redirect(move.back, timeout=timeout)

    def _pointing(self, records: Sequence[Record]) -> Pointing:
        place = self._place
        if place.weighted:
            weights = {record.get("SetIdentifier"): int(record.get("Weight", 0)) for record in records}
            led = [server for server, identifier in place.weighted.items() if weights.get(identifier, 0) > 0]
            said = ", ".join(f"{identifier} has weight {weight}" for identifier, weight in weights.items())
            return Pointing(led[0] if len(led) == 1 else None, f"{place.record}: {said}")
        values = [one["Value"].rstrip(".") for one in self._the_record(records).get("ResourceRecords", ())]
        led = [server for server, value in place.values.items() if values == [value.rstrip(".")]]
        return Pointing(led[0] if len(led) == 1 else None, f"{place.record} says {', '.join(values) or 'nothing'}")

    def _the_record(self, records: Sequence[Record]) -> Record:
        wanted = self._place.set_identifier
        found = [record for record in records if wanted is None or record.get("SetIdentifier") == wanted]
        if len(found) == 1 and "AliasTarget" not in found[0]:
            return found[0]
        place = self._place
        if found and len(found) == 1:
            raise ActionFailed(f"{self.name}: {place.record} is an alias: name the record that it points to")
        which = f" with the set identifier {wanted}" if wanted else ""
        mend = "Set set_identifier or weighted" if len(found) > 1 else "Correct zone, record and type"
        raise ActionFailed(f"{self.name}: {len(found)} records {place.record} {place.type}{which}. {mend}")

    def _changed(self, records: Sequence[Record], server: str) -> list[Record]:
        """The records as they shall be; all that is not about where they lead stays."""
        place = self._place
        if not place.weighted:
            return [{**self._the_record(records), "ResourceRecords": [{"Value": place.values[server]}]}]
        ours = [record for record in records if record.get("SetIdentifier") in place.weighted.values()]
        heaviest = max((int(record["Weight"]) for record in ours), default=0) or 1
        return [
            {**record, "Weight": heaviest if record["SetIdentifier"] == place.weighted[server] else 0}
            for record in ours
        ]

    async def _records(self, deadline: Deadline) -> list[Record]:
        place = self._place
        answer = await self._call(
            lambda client: client.list_resource_record_sets(
                HostedZoneId=place.zone,
                StartRecordName=place.record,
                StartRecordType=cast(Any, place.type),
                MaxItems="100",
            ),
            deadline,
        )
        wanted = place.record.rstrip(".").lower()
        return [
            dict(record)
            for record in answer["ResourceRecordSets"]
            if record["Name"].rstrip(".").lower() == wanted and record["Type"] == place.type
        ]

    async def _change(self, records: Sequence[Record], deadline: Deadline) -> str:
        changes = [{"Action": "UPSERT", "ResourceRecordSet": record} for record in records]
        batch = {"Comment": "understudy: the primary has changed", "Changes": changes}
        answer = await self._call(
            lambda client: client.change_resource_record_sets(
                HostedZoneId=self._place.zone, ChangeBatch=cast(Any, batch)
            ),
            deadline,
        )
        return str(answer["ChangeInfo"]["Id"])

    async def _until_in_sync(self, change: str, deadline: Deadline) -> None:
        while True:
            answer = await self._call(lambda client: client.get_change(Id=change), deadline)
            if answer["ChangeInfo"]["Status"] == _IN_SYNC:
                return
            deadline.check(f"{self.name}: Route 53 has the change {change}, but is not in sync yet: look at it there")
            await asyncio.sleep(self._poll)

    async def _call(self, call: "Callable[[Route53Client], T]", deadline: Deadline) -> T:
        place = self._place

        def ask() -> T:
            session = boto3.session.Session()
            return call(
                session.client("route53", region_name=place.region, endpoint_url=place.endpoint_url, config=CALL)
            )

        try:
            return await in_thread(ask, deadline.left())
        except TimeoutError:
            raise ActionFailed(f"{self.name}: Route 53 did not answer in time") from None
        except (BotoCoreError, ClientError) as error:
            raise ActionFailed(f"{self.name}: Route 53 could not be asked: {reason_of(error)}") from error
