"""What smartctl says of the drives. Pure; the JSON is smartmontools' since 7.0 (`smartctl -H -j`)."""

import json
from collections.abc import Iterator, Mapping

from servers.watching.hosts.answers import Printed, absent, one_line, unknown
from servers.watching.hosts.facts import Drive, Found


def drives(printed: Printed) -> Found[tuple[Drive, ...]]:
    """A drive each, with its own verdict. Unknown where none of them could be asked."""
    found = tuple(_drive(answer) for answer in _answers(printed.text))
    if not found:
        if printed.exit_status == 0 and not printed.text.strip():
            return absent("smartctl finds no drive")
        return unknown(printed.reason)
    if all(drive.passed is None for drive in found):
        return unknown(f"{found[0].name}: {found[0].why}")
    return Found(found, "")


def _answers(text: str) -> Iterator[Mapping[str, object]]:
    """The JSON objects, one behind the other; what is between them are complaints of other programs."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(value, dict) and "smartctl" in value:
                yield value
        at = text.find("\n{", end)
        at = at + 1 if at >= 0 else at


def _drive(answer: Mapping[str, object]) -> Drive:
    device = _table(answer.get("device"))
    name = one_line(str(device.get("name") or "a drive"))
    passed = _table(answer.get("smart_status")).get("passed")
    if isinstance(passed, bool):
        return Drive(name, passed)
    return Drive(name, None, _complaint(answer))


def _complaint(answer: Mapping[str, object]) -> str:
    messages = _table(answer.get("smartctl")).get("messages")
    for message in messages if isinstance(messages, list) else ():
        said = one_line(str(_table(message).get("string") or ""))
        if said:
            return said
    return "it does not tell its health"


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
