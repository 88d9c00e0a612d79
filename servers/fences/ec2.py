"""A fence hook for servers that are EC2 instances: stop-instances, forced, until EC2 says “stopped”.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html. Needs ec2:StopInstances on the instance
and ec2:DescribeInstances; credentials come from where boto3 finds them.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from servers.aws import CALL, CALL_SECONDS, may_pass, reason_of
from servers.blocking import in_thread
from servers.engines.engine import ActionFailed, Done
from servers.inventory import Ec2Fence, Server

if TYPE_CHECKING:
    from types_boto3_ec2.client import EC2Client

T = TypeVar("T")

_OFF = frozenset({"stopped", "terminated"})
_POLL = 1.0  # seconds between looks; a forced stop takes some ten


class _NotNow(Exception):
    """EC2 gave no answer that counts, and may give one a moment later. The message is what it said."""


@dataclass(slots=True)
class _Heard:
    """What EC2 said last, for whoever runs out of time."""

    last: str = "not known"


class FenceByEc2:
    """boto3 blocks, so each of its calls has a thread of its own and a deadline: none holds up the end of the bot."""

    confirms = True

    def __init__(self, place: Ec2Fence, *, poll: float = _POLL) -> None:
        self._place = place
        self._poll = poll
        self.what = f"stop the EC2 instance {place.instance}"
        self.timeout = place.timeout

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        """What may pass (EC2 is asked too often, or does not answer) is asked again until the time is over: a stop may
        be sent twice, and a server that is on its way down is not given up for one look that failed."""
        began = time.monotonic()
        heard = _Heard()
        try:
            async with asyncio.timeout(timeout):
                client = await self._client()
                await self._until_off(client, server, heard)
        except TimeoutError:
            message = f"{server.name}'s instance {self._place.instance} is not stopped after {timeout:g} s"
            raise ActionFailed(f"{message} (EC2 says: {heard.last}). It may still take writes") from None
        detail = f"{server.name} is off: EC2 says that its instance {self._place.instance} is {heard.last}"
        return Done(detail, time.monotonic() - began)

    async def _until_off(self, client: "EC2Client", server: Server, heard: "_Heard") -> None:
        stopping = False
        while heard.last not in _OFF:
            try:
                if not stopping:
                    await self._call(
                        server, lambda: client.stop_instances(InstanceIds=[self._place.instance], Force=True)
                    )
                    stopping = True
                heard.last = await self._state(client, server)
            except _NotNow as error:
                heard.last = str(error)
            if heard.last not in _OFF:
                await asyncio.sleep(self._poll)

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        try:
            async with asyncio.timeout(timeout):
                return await self._state(await self._client(), server) in _OFF
        except (TimeoutError, ActionFailed, _NotNow):
            return None

    async def _client(self) -> "EC2Client":
        place = self._place
        try:
            return await in_thread(
                lambda: boto3.session.Session().client(
                    "ec2", region_name=place.region, endpoint_url=place.endpoint_url, config=CALL
                ),
                CALL_SECONDS,
            )
        except BotoCoreError as error:
            raise ActionFailed(f"EC2 cannot be asked: {error}. Set the region of the fence in the settings") from error

    async def _state(self, client: "EC2Client", server: Server) -> str:
        answer = await self._call(server, lambda: client.describe_instances(InstanceIds=[self._place.instance]))
        states = [one["State"]["Name"] for group in answer["Reservations"] for one in group["Instances"]]
        return states[0] if len(states) == 1 else "not known"

    async def _call(self, server: Server, call: Callable[[], T]) -> T:
        try:
            return await in_thread(call, CALL_SECONDS)
        except TimeoutError:
            raise _NotNow(f"no answer within {CALL_SECONDS:g} s") from None
        except (BotoCoreError, ClientError) as error:
            if may_pass(error):
                raise _NotNow(reason_of(error)) from error
            what = f"EC2 did not stop {server.name}'s instance {self._place.instance}: {reason_of(error)}"
            raise ActionFailed(f"{what}. It may still take writes") from error
