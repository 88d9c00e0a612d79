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
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from servers.aws import CALL, CALL_ONCE, may_pass, reason_of, unanswered
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
_SENDING = 15.0  # seconds for one change to be taken; what is left of the time is for a look whether it was
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
    """A traffic target. boto3 blocks, so each of its calls has a thread of its own and a deadline.

    It remembers what it changed, so that the undo of a move makes the records as they were. After a restart it does
    not, and the undo is the move the other way round.
    """

    kind = "route53"
    holding = None
    hold_seconds = 0.0
    redirect_seconds = 180.0

    def __init__(self, place: Route53Place, *, poll: float = _POLL) -> None:
        self.name = place.name
        self.identity = identity(place)
        self._place = place
        self._poll = poll
        self._before: dict[Move, list[Record]] = {}
        self._unanswered: str | None = None  # a change that got no answer and was never seen: it may still land

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
        self._before[move] = self._ours(records)
        said = await self._make(self._changed(records, move.new), self.leads_to(move.new), deadline)
        return Done(said, deadline.seconds)

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
        deadline = Deadline(timeout)
        before, late = self._before.get(move), self._unanswered
        if before is None:
            back = await self.redirect(move.back, timeout=timeout)
            weights = (
                " What their weights were before the change is not known any more." if self._place.weighted else ""
            )
            return Done(f"{back.detail}{weights}{_may_land(late)}", deadline.seconds)
        if _same(self._ours(await self._records(deadline)), before):
            return Done(f"{self._place.record} is as it was.{_may_land(late)}", deadline.seconds)
        said = await self._make(before, f"{self._place.record} as it was", deadline)
        return Done(f"{said}{_may_land(late)}", deadline.seconds)

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

    def _ours(self, records: Sequence[Record]) -> list[Record]:
        """Those that a move changes."""
        if not self._place.weighted:
            return [self._the_record(records)]
        return [record for record in records if record.get("SetIdentifier") in self._place.weighted.values()]

    def _changed(self, records: Sequence[Record], server: str) -> list[Record]:
        """The records as they shall be; all that is not about where they lead stays."""
        place, ours = self._place, self._ours(records)
        if not place.weighted:
            return [{**ours[0], "ResourceRecords": [{"Value": place.values[server]}]}]
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

    async def _make(self, records: Sequence[Record], what: str, deadline: Deadline) -> str:
        """Makes the records so, and says how far that is known. What may have landed is never sent again unseen."""
        self._unanswered = None
        try:
            change = await self._change(records, deadline)
        except _NoAnswer as lost:
            return await self._until_seen(records, what, str(lost), deadline)
        await self._until_in_sync(change, deadline)
        return f"Route 53 is in sync: {what}."

    async def _until_seen(self, records: Sequence[Record], what: str, why: str, deadline: Deadline) -> str:
        self._unanswered = what
        while not await self._are_there(records, deadline):
            deadline.check(
                f"{self.name}: {why} when it was sent {what}. It was sent once, is not seen there, and may still land: "
                "look at the record before anything is sent again"
            )
            await asyncio.sleep(self._poll)
        self._unanswered = None
        return f"{what} is there, though {why}; whether all its name servers have it yet cannot be told (a minute)."

    async def _are_there(self, records: Sequence[Record], deadline: Deadline) -> bool:
        """False too where no look can tell: that what was sent may still land is then more to say than why."""
        try:
            return _same(self._ours(await self._records(deadline)), records)
        except ActionFailed:
            return False

    async def _change(self, records: Sequence[Record], deadline: Deadline) -> str:
        """The id of the change. Sent once, but for an answer that says that it was not taken; raises _NoAnswer where
        that is not known."""
        changes = [{"Action": "UPSERT", "ResourceRecordSet": record} for record in records]
        batch = {"Comment": "understudy: the primary has changed", "Changes": changes}
        while True:
            try:
                answer = await self._ask(
                    lambda client: client.change_resource_record_sets(
                        HostedZoneId=self._place.zone, ChangeBatch=cast(Any, batch)
                    ),
                    CALL_ONCE,
                    min(deadline.left(), _SENDING),
                )
            except TimeoutError:
                raise _NoAnswer("Route 53 did not answer in time") from None
            except (BotoCoreError, ClientError) as error:
                if unanswered(error):
                    raise _NoAnswer(f"Route 53 gave no answer ({reason_of(error)})") from error
                if not may_pass(error) or deadline.passed:
                    raise self._failed(error) from error
                await asyncio.sleep(self._poll)
            else:
                return str(answer["ChangeInfo"]["Id"])

    async def _until_in_sync(self, change: str, deadline: Deadline) -> None:
        while True:
            answer = await self._call(lambda client: client.get_change(Id=change), deadline)
            if answer["ChangeInfo"]["Status"] == _IN_SYNC:
                return
            deadline.check(f"{self.name}: Route 53 has the change {change}, but is not in sync yet: look at it there")
            await asyncio.sleep(self._poll)

    async def _call(self, call: "Callable[[Route53Client], T]", deadline: Deadline) -> T:
        """A question, which may be asked twice."""
        try:
            return await self._ask(call, CALL, deadline.left())
        except TimeoutError:
            raise ActionFailed(f"{self.name}: Route 53 did not answer in time") from None
        except (BotoCoreError, ClientError) as error:
            raise self._failed(error) from error

    async def _ask(self, call: "Callable[[Route53Client], T]", how: Config, seconds: float) -> T:
        place = self._place

        def ask() -> T:
            session = boto3.session.Session()
            return call(
                session.client("route53", region_name=place.region, endpoint_url=place.endpoint_url, config=how)
            )

        return await in_thread(ask, seconds)

    def _failed(self, error: BotoCoreError | ClientError) -> ActionFailed:
        return ActionFailed(f"{self.name}: Route 53 could not be asked: {reason_of(error)}")


class _NoAnswer(Exception):
    """Whether the change was taken is not known. The message says what was heard."""


def _same(records: Sequence[Record], others: Sequence[Record]) -> bool:
    """Whatever their order."""

    def key(record: Record) -> str:
        return str(record.get("SetIdentifier", ""))

    return sorted(records, key=key) == sorted(others, key=key)


def _may_land(late: str | None) -> str:
    """What is said of a change that got no answer before this one was made."""
    if late is None:
        return ""
    return (
        f" The change before it ({late}) got no answer and may still land after this: look at the record in a minute."
    )
