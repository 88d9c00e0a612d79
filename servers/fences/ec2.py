"""A fence hook for servers that are EC2 instances: stop-instances, forced, until EC2 says “stopped”.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html. Needs ec2:StopInstances on the instance
and ec2:DescribeInstances; credentials come from where boto3 finds them.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from servers.aws import CALL, CALL_SECONDS, reason_of
from servers.blocking import in_thread
from servers.engines.engine import ActionFailed, Done
from servers.inventory import Ec2Fence, Server

if TYPE_CHECKING:
    from types_boto3_ec2.client import EC2Client

T = TypeVar("T")

_OFF = frozenset({"stopped", "terminated"})
_POLL = 1.0  # seconds between looks; a forced stop takes some ten


class FenceByEc2:
    """boto3 blocks, so each of its calls has a thread of its own and a deadline: none holds up the end of the bot."""

    def __init__(self, place: Ec2Fence, *, poll: float = _POLL) -> None:
        self._place = place
        self._poll = poll
        self.what = f"stop the EC2 instance {place.instance}"
        self.timeout = place.timeout

    async def fence(self, cluster: str, server: Server, *, timeout: float) -> Done:
        began = time.monotonic()
        state = "not known"
        try:
            async with asyncio.timeout(timeout):
                client = await self._client()
                await self._call(server, lambda: client.stop_instances(InstanceIds=[self._place.instance], Force=True))
                while (state := await self._state(client, server)) not in _OFF:  # noqa: ASYNC110 - EC2 tells only who asks
                    await asyncio.sleep(self._poll)
        except TimeoutError:
            message = f"{server.name}'s instance {self._place.instance} is not stopped after {timeout:g} s"
            raise ActionFailed(f"{message} (EC2 says: {state}). It may still take writes") from None
        detail = f"{server.name} is off: EC2 says that its instance {self._place.instance} is {state}"
        return Done(detail, time.monotonic() - began)

    async def is_off(self, cluster: str, server: Server, *, timeout: float) -> bool | None:
        try:
            async with asyncio.timeout(timeout):
                return await self._state(await self._client(), server) in _OFF
        except (TimeoutError, ActionFailed):
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
        except (BotoCoreError, ClientError) as error:
            what = f"EC2 did not stop {server.name}'s instance {self._place.instance}: {reason_of(error)}"
            raise ActionFailed(f"{what}. It may still take writes") from error
