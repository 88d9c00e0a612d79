"""Slack's rules for blocks on each surface, and the ids that Slack fills in when an app leaves them out.

Limits: https://docs.slack.dev/reference/block-kit/blocks. The sum over a message's blocks is undocumented; Slack
answers `msg_blocks_too_long` above about 13,200 characters (slackapi/bolt-js issue 2509).
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from lab.slack.kit.elements import IN_ACTIONS, IN_INPUT, IN_SECTION, check_element
from lab.slack.kit.problems import Object, Problems

BLOCKS_TOO_LONG: Final = 13_200  # characters of all texts of one message's blocks


class Surface(StrEnum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"

    @property
    def most_blocks(self) -> int:
        return 50 if self is Surface.MESSAGE else 100


def check_blocks(
    blocks: object, surface: Surface, *, pointer: str = "/blocks", file_is_usable: Callable[[Object], bool]
) -> list[str]:
    """What Slack would say of these blocks: one line with a JSON pointer for each mistake, none if all is well."""
    problems = Problems(file_is_usable)
    seen: set[str] = set()
    for index, block in enumerate(problems.items(blocks, pointer, surface.most_blocks, minimum=0)):
        at = f"{pointer}/{index}"
        if not problems.is_object(block, at):
            continue
        _check_block(problems, block, at, surface)
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                problems.add(f"`block_id` must be unique: {block_id[:60]}", f"{at}/block_id")
            seen.add(block_id)
    return problems.found


def _check_block(problems: Problems, block: Object, at: str, surface: Surface) -> None:
    kind = str(block.get("type"))
    checker = _CHECKERS.get(kind)
    if checker is None or (surface is not Surface.MESSAGE and kind in _MESSAGE_ONLY):
        problems.add(f"unsupported type: {kind}", f"{at}/type")
        return
    problems.length(block.get("block_id"), f"{at}/block_id", 255)
    checker(problems, block, at)


def _section(problems: Problems, block: Object, at: str) -> None:
    problems.properties(block, at, required=("type",), optional=("block_id", "text", "fields", "accessory", "expand"))
    if block.get("text") is None and not block.get("fields"):
        problems.add("must define either `text` or `fields`", at)
    problems.text(block.get("text"), f"{at}/text", 3000)
    for index, item in enumerate(problems.items(block.get("fields"), f"{at}/fields", 10)):
        problems.text(item, f"{at}/fields/{index}", 2000)
    if block.get("accessory") is not None:
        _elements(problems, [block["accessory"]], f"{at}/accessory", IN_SECTION, numbered=False)


def _header(problems: Problems, block: Object, at: str) -> None:
    problems.properties(block, at, required=("type", "text"), optional=("block_id", "level"))
    problems.text(block.get("text"), f"{at}/text", 150, plain=True)


def _divider(problems: Problems, block: Object, at: str) -> None:
    problems.properties(block, at, required=("type",), optional=("block_id",))


def _context(problems: Problems, block: Object, at: str) -> None:
    problems.properties(block, at, required=("type", "elements"), optional=("block_id",))
    for index, element in enumerate(problems.items(block.get("elements"), f"{at}/elements", 10)):
        where = f"{at}/elements/{index}"
        if problems.is_object(element, where):
            if element.get("type") == "image":
                _image_source(problems, element, where, extra=())
            else:
                problems.text(element, where, 3000)


def _actions(problems: Problems, block: Object, at: str) -> None:
    problems.properties(block, at, required=("type", "elements"), optional=("block_id",))
    _elements(problems, problems.items(block.get("elements"), f"{at}/elements", 25), f"{at}/elements", IN_ACTIONS)


def _input(problems: Problems, block: Object, at: str) -> None:
    optional = ("block_id", "hint", "optional", "dispatch_action")
    problems.properties(block, at, required=("type", "label", "element"), optional=optional)
    problems.text(block.get("label"), f"{at}/label", 2000, plain=True)
    problems.text(block.get("hint"), f"{at}/hint", 2000, plain=True)
    if block.get("element") is not None:
        _elements(problems, [block["element"]], f"{at}/element", IN_INPUT, numbered=False)


def _image(problems: Problems, block: Object, at: str) -> None:
    _image_source(problems, block, at, extra=("block_id", "title"))
    problems.text(block.get("title"), f"{at}/title", 2000, plain=True)


def _markdown(problems: Problems, block: Object, at: str) -> None:
    problems.properties(block, at, required=("type", "text"), optional=("block_id",))
    problems.length(block.get("text"), f"{at}/text", 12_000, minimum=1)


def _passed_through(problems: Problems, block: Object, at: str) -> None:
    """Kept and shown as they are: rich_text, table, video and file, whose insides this practice does not judge."""


def _elements(
    problems: Problems, elements: Sequence[Any], pointer: str, allowed: frozenset[str], *, numbered: bool = True
) -> None:
    seen: set[str] = set()
    for index, element in enumerate(elements):
        at = f"{pointer}/{index}" if numbered else pointer
        if not problems.is_object(element, at):
            continue
        if str(element.get("type")) not in allowed:
            problems.add(f"unsupported type: {element.get('type')}", f"{at}/type")
            continue
        if element["type"] == "image":
            _image_source(problems, element, at, extra=())
            continue
        check_element(problems, element, at)
        action_id = element.get("action_id")
        if isinstance(action_id, str) and action_id in seen:
            problems.add(f'`action_id` "{action_id[:60]}" already exists for another element', f"{at}/action_id")
        elif isinstance(action_id, str):
            seen.add(action_id)


def _image_source(problems: Problems, image: Object, at: str, *, extra: tuple[str, ...]) -> None:
    problems.properties(
        image, at, required=("type", "alt_text"),
        optional=("image_url", "slack_file", "image_width", "image_height", "image_bytes", *extra),
    )  # fmt: skip
    problems.length(image.get("alt_text"), f"{at}/alt_text", 2000, minimum=1)
    url, file = image.get("image_url"), image.get("slack_file")
    if (url is None) == (file is None):
        problems.add("must define exactly one of `image_url` and `slack_file`", at)
    elif url is not None:
        problems.length(url, f"{at}/image_url", 3000)
        if not reachable_from_slack(str(url)):
            problems.add("downloading image failed", f"{at}/image_url")
    elif not isinstance(file, Mapping) or not problems.file_is_usable(file):
        problems.add("invalid slack file", f"{at}/slack_file")


def reachable_from_slack(url: str) -> bool:
    """Whether Slack's own servers could fetch this image: an http(s) address that is not private or loopback."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "." not in host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


_CHECKERS: Final[Mapping[str, Callable[[Problems, Object, str], None]]] = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _passed_through,
    "table": _passed_through,
    "video": _passed_through,
    "file": _passed_through,
}
_MESSAGE_ONLY: Final = frozenset(("markdown", "table", "file"))


def text_length(blocks: Sequence[Object]) -> int:
    """Characters of all the texts in these blocks, which `msg_blocks_too_long` is about."""

    def strings(value: object) -> Iterator[str]:
        if isinstance(value, Mapping):
            text = value.get("text")
            if isinstance(text, str):
                yield text
            for item in value.values():
                yield from strings(item)
        elif isinstance(value, list):
            for item in value:
                yield from strings(item)

    return sum(len(text) for text in strings(list(blocks)))


def with_ids(blocks: Sequence[Object]) -> list[dict[str, Any]]:
    """The blocks with a `block_id` and, on interactive elements, an `action_id` made up where the app gave none."""
    return [_with_ids(block) for block in blocks]


def _with_ids(block: Object) -> dict[str, Any]:
    filled = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)[:5]}
    for name in ("element", "accessory"):
        if isinstance(filled.get(name), Mapping):
            filled[name] = _with_action_id(filled[name])
    if block.get("type") == "actions":
        filled["elements"] = [_with_action_id(element) for element in block["elements"]]
    return filled


def _with_action_id(element: Object) -> dict[str, Any]:
    if element.get("type") == "image" or element.get("action_id"):
        return dict(element)
    return {**element, "action_id": secrets.token_urlsafe(4)[:5]}


def interactive_elements(blocks: Sequence[Object]) -> Iterator[tuple[Object, Object]]:
    """Each interactive element with the block it stands in, in reading order."""
    for block in blocks:
        candidates = [block.get("accessory"), block.get("element")]
        if block.get("type") == "actions":
            candidates.extend(block.get("elements", ()))
        for element in candidates:
            if isinstance(element, Mapping) and element.get("type") != "image":
                yield block, element
