"""The settings of fence hooks."""

from pathlib import Path

import pytest

from bot.fence_settings import FenceSettings, fence_place, mistakes_in_fence
from bot.settings_template import template
from servers.inventory import CommandFence, Ec2Fence

KEY = "clusters.shop.servers.db1.fence"


def mistakes(**raw: object) -> dict[str, str]:
    return {one.key.removeprefix(f"{KEY}."): f"{one.wrong}; {one.right}" for one in mistakes_in_fence(KEY, raw)}


def test_each_kind_becomes_its_place() -> None:
    command = FenceSettings.model_validate({"kind": "command", "command": ["off", "db1"], "timeout": "45s"})
    assert fence_place(command) == CommandFence(("off", "db1"), timeout=45.0)
    ec2 = FenceSettings.model_validate({"kind": "ec2", "instance": "i-1", "region": "eu-central-1"})
    assert fence_place(ec2) == Ec2Fence("i-1", "eu-central-1", timeout=120.0)


@pytest.mark.parametrize(
    ("raw", "key", "words"),
    [
        ({"kind": "command"}, "command", "is missing"),
        ({"kind": "ec2", "region": "eu-central-1"}, "instance", "is missing"),
        ({"kind": "ec2", "instance": "i-1", "command": ["off"]}, "command", "has no meaning for kind = 'ec2'"),
        ({"kind": "command", "command": ["/no/such/program"]}, "command", "not there: /no/such/program"),
        ({"kind": "command", "command": ["true"], "confirm": ["/no/such"]}, "confirm", "not there: /no/such"),
    ],
)
def test_what_would_not_fence_is_a_mistake(raw: dict[str, object], key: str, words: str) -> None:
    assert words in mistakes(**raw)[key]


def test_a_file_that_cannot_be_run_says_how_to_mend_that(tmp_path: Path) -> None:
    script = tmp_path / "off"
    script.write_text("#!/bin/sh\n")
    assert mistakes(kind="command", command=[str(script)])["command"].endswith(f"chmod +x {script}")
    script.chmod(0o755)
    assert mistakes(kind="command", command=[str(script)]) == {}


def test_what_init_writes_names_every_key() -> None:
    assert all(name in template() for name in FenceSettings.model_fields)
