"""Fence hooks: what counts as off, and what never does."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from lab.postmaster import process_state
from servers.engines.engine import ActionFailed
from servers.fences.command import FenceByCommand
from servers.fences.ec2 import FenceByEc2
from servers.fences.registry import fence_of
from servers.inventory import CommandFence, Ec2Fence, Server
from tests.commands.inventory import server

DB1 = server("db1")
REGION = "eu-central-1"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def fence(place: CommandFence, timeout: float = 10.0) -> str:
    return (await FenceByCommand(place).fence("shop", DB1, timeout=timeout)).detail


async def test_a_command_that_ends_well_is_taken_at_its_word_only_where_something_confirms_it() -> None:
    off = python("print('power is off')")
    assert await fence(CommandFence(off)) == (
        "The fence hook of db1 ended with success; nothing confirms it: power is off"
    )
    confirmed = CommandFence(off, python(""))
    assert await fence(confirmed) == "db1 is off, as the confirmation of its fence hook says: power is off"
    assert [FenceByCommand(place).confirms for place in (CommandFence(off), confirmed)] == [False, True]


async def test_it_is_told_which_server_and_gets_no_secret_of_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_SLACK__BOT_TOKEN", "xoxb-very-secret")
    code = "import os; print(sorted((k, v) for k, v in os.environ.items() if k.startswith('UNDERSTUDY_')))"
    told = await fence(CommandFence(python(code)))
    assert "xoxb" not in told
    assert "('UNDERSTUDY_CLUSTER', 'shop'), ('UNDERSTUDY_HOST', 'db1'), ('UNDERSTUDY_SERVER', 'db1')" in told


async def test_nothing_in_its_arguments_is_interpreted(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    await fence(CommandFence((*python("import sys; print(sys.argv[1:])"), f"$(touch {trap})", ";", f"touch {trap}")))
    assert not trap.exists()


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (CommandFence(python("print('no such outlet'); raise SystemExit(3)")), "status 3: no such outlet"),
        (CommandFence(("/no/such/program",)), "cannot be run: /no/such/program"),
        (CommandFence(python(""), python("raise SystemExit(1)")), "its confirmation says that it is not off"),
        (CommandFence(python(""), python("raise SystemExit(7)")), "cannot tell whether it is off"),
    ],
)
async def test_without_a_confirmation_it_is_no_fence(place: CommandFence, says: str) -> None:
    with pytest.raises(ActionFailed, match=says) as failed:
        await fence(place)
    assert "It may still take writes" in str(failed.value)


async def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = (
        "import subprocess, pathlib; p = subprocess.Popen(['sleep', '60']); "
        f"pathlib.Path({str(child)!r}).write_text(str(p.pid)); p.wait()"
    )
    with pytest.raises(ActionFailed, match="did not end within 1 s"):
        await fence(CommandFence(python(code)), timeout=1.0)
    async with asyncio.timeout(10.0):
        while process_state(int(child.read_text())) not in (None, "Z"):
            await asyncio.sleep(0.01)


async def test_a_look_tells_off_from_on_and_from_unknown() -> None:
    async def look(status: int) -> bool | None:
        place = CommandFence(("true",), python(f"raise SystemExit({status})"))
        return await FenceByCommand(place).is_off("shop", DB1, timeout=10.0)

    assert [await look(status) for status in (0, 1, 2)] == [True, False, None]
    assert await FenceByCommand(CommandFence(("true",))).is_off("shop", DB1, timeout=1.0) is None


@pytest.fixture
async def ec2(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A practice EC2 on loopback; its address."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "practice")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    practice = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    practice.start()
    host, port = practice.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        practice.stop()


def run_instance(endpoint: str) -> str:
    client = boto3.client("ec2", region_name=REGION, endpoint_url=endpoint)
    (image,) = client.describe_images(MaxResults=5)["Images"][:1]
    instance = client.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1)["Instances"][0]
    return instance["InstanceId"]


async def test_an_instance_is_stopped_and_said_to_be_stopped(ec2: str) -> None:
    hook = FenceByEc2(Ec2Fence(run_instance(ec2), REGION, ec2), poll=0.05)
    assert await hook.is_off("shop", DB1, timeout=10.0) is False
    done = await hook.fence("shop", DB1, timeout=30.0)
    assert done.detail.endswith("is stopped")
    assert await hook.is_off("shop", DB1, timeout=10.0) is True
    assert (await hook.fence("shop", DB1, timeout=30.0)).detail == done.detail


class Throttled:
    """Stands before a practice EC2's client, and is asked too often at the first tries of each kind."""

    def __init__(self, client: Any, refusals: int) -> None:
        self._client, self._refusals = client, refusals
        self.asked: Counter[str] = Counter()

    def stop_instances(self, **arguments: Any) -> Any:
        return self._ask("StopInstances", self._client.stop_instances, arguments)

    def describe_instances(self, **arguments: Any) -> Any:
        return self._ask("DescribeInstances", self._client.describe_instances, arguments)

    def _ask(self, name: str, call: Any, arguments: dict[str, Any]) -> Any:
        self.asked[name] += 1
        if self.asked[name] <= self._refusals:
            said = {"Error": {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded."}}
            raise ClientError(cast(Any, said), name)
        return call(**arguments)


async def throttled_hook(ec2: str, refusals: int, monkeypatch: pytest.MonkeyPatch) -> tuple[FenceByEc2, Throttled]:
    hook = FenceByEc2(Ec2Fence(run_instance(ec2), REGION, ec2), poll=0.01)
    client = Throttled(boto3.client("ec2", region_name=REGION, endpoint_url=ec2), refusals)

    async def throttled() -> Throttled:
        return client

    monkeypatch.setattr(hook, "_client", throttled)
    return hook, client


async def test_an_ec2_that_is_asked_too_often_is_asked_again(ec2: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hook, client = await throttled_hook(ec2, 2, monkeypatch)
    assert (await hook.fence("shop", DB1, timeout=30.0)).detail.endswith("is stopped")
    assert client.asked["StopInstances"] == client.asked["DescribeInstances"] == 3


async def test_one_that_is_throttled_until_the_end_is_no_fence(ec2: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hook, _ = await throttled_hook(ec2, 1_000_000, monkeypatch)
    with pytest.raises(ActionFailed, match=r"after 0\.2 s \(EC2 says: Request limit exceeded\.\)\. It may still"):
        await hook.fence("shop", DB1, timeout=0.2)
    assert await hook.is_off("shop", DB1, timeout=10.0) is None


async def test_an_instance_that_ec2_does_not_know_is_not_fenced(ec2: str) -> None:
    hook = FenceByEc2(Ec2Fence("i-0123456789abcdef0", REGION, ec2))
    with pytest.raises(ActionFailed, match=r"i-0123456789abcdef0.*It may still take writes"):
        await hook.fence("shop", DB1, timeout=30.0)
    assert await hook.is_off("shop", DB1, timeout=10.0) is None


async def test_an_ec2_that_does_not_answer_is_no_fence() -> None:
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    hook = FenceByEc2(Ec2Fence("i-0123456789abcdef0", REGION, "http://127.0.0.1:1"))
    with pytest.raises(ActionFailed, match="may still take writes"):
        await hook.fence("shop", DB1, timeout=2.0)


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (DB1, type(None)),
        (server("db1", fence=CommandFence(("true",))), FenceByCommand),
        (server("db1", fence=Ec2Fence("i-1")), FenceByEc2),
    ],
)
def test_each_place_has_its_hook(one: Server, kind: type) -> None:
    assert isinstance(fence_of(one), kind)
