"""The settings of a server's fence hook: [clusters.NAME.servers.NAME.fence]."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from bot.settings_mistakes import Mistake
from bot.settings_types import Seconds, Section
from servers.inventory import CommandFence, Ec2Fence, FencePlace

# What belongs to which kind, and which of it must be there.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "command": ("command", "confirm"),
    "ec2": ("instance", "region", "endpoint_url"),
}
_NEEDED = {"command": "command", "ec2": "instance"}


class FenceSettings(Section):
    """How a server is cut off when its host does not answer by SSH. `command` and `confirm` are argument lists."""

    kind: Literal["command", "ec2"]
    command: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    instance: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    timeout: Seconds | None = None


def fence_place(section: FenceSettings) -> FencePlace:
    """The hook as the rest of the house knows it."""
    if section.kind == "command":
        place = CommandFence(section.command, section.confirm)
        return place if section.timeout is None else CommandFence(section.command, section.confirm, section.timeout)
    stop = Ec2Fence(section.instance, section.region, section.endpoint_url)
    return stop if section.timeout is None else Ec2Fence(stop.instance, stop.region, stop.endpoint_url, section.timeout)


def mistakes_in_fence(key: str, raw: object) -> Iterator[Mistake]:
    """What is missing, what has no meaning, and commands that are not there."""
    if not isinstance(raw, Mapping):
        return
    kind = str(raw.get("kind"))
    if kind not in _KEYS:
        return
    if not raw.get(_NEEDED[kind]):
        yield Mistake(f"{key}.{_NEEDED[kind]}", f"is missing for kind = {kind!r}", "add it")
    for other, names in _KEYS.items():
        for name in names:
            if other != kind and name in raw:
                yield Mistake(f"{key}.{name}", f"has no meaning for kind = {kind!r}", "remove it, or correct the kind")
    if kind == "command":
        yield from _program(f"{key}.command", raw)
        yield from _program(f"{key}.confirm", raw)


def _program(key: str, raw: Mapping[str, Any]) -> Iterator[Mistake]:
    words = raw.get(key.rpartition(".")[2])
    if not isinstance(words, list | tuple) or not words or not isinstance(words[0], str):
        return
    if shutil.which(words[0]) is None and not Path(words[0]).is_file():
        yield Mistake(key, f"names a program that is not there: {words[0]}", "write its absolute path, as a list")
    elif shutil.which(words[0]) is None:
        yield Mistake(key, f"names a file that cannot be run: {words[0]}", f"chmod +x {words[0]}")
