"""A running lab's control socket: another terminal asks in one line of JSON, and gets one line back.

A request is `{"call": "describe" | "status" | "apply", "name": …, "target": …}`; an answer is
`{"ok": true, "result": …}` or `{"ok": false, "error": "…"}`.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from lab.controls import LabControls
from lab.errors import LabError
from lab.places import Places

_SOCKET = "control.sock"
_QUESTION_SECONDS = 5.0
_DEED_SECONDS = 150.0  # a base backup may take a while
_LONGEST_LINE = 1 << 20


@asynccontextmanager
async def serve_controls(world: Path, controls: LabControls) -> AsyncIterator[None]:
    """Answer on a world's control socket until the block ends."""
    connections: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        with suppress(ConnectionError, ValueError):  # ValueError: a line without an end
            while line := await reader.readline():
                answer = await _answer(controls, line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(converse, sock=_private_socket(world / _SOCKET), limit=_LONGEST_LINE)
    try:
        yield
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def ask(world: Path, call: str, name: str = "", target: str = "") -> Any:
    """Ask a running lab. LabError when it does not answer, or with what it answered when it could not do it."""
    timeout = _DEED_SECONDS if call == "apply" else _QUESTION_SECONDS
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_unix_connection(str(world / _SOCKET), limit=_LONGEST_LINE)
            try:
                writer.write(json.dumps({"call": call, "name": name, "target": target}).encode() + b"\n")
                line = await reader.readline()
            finally:
                writer.close()
        answer = json.loads(line)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise LabError(f"the lab {world.name} does not answer: {str(error) or 'it took too long'}") from error
    if not answer["ok"]:
        raise LabError(answer["error"])
    return answer["result"]


def running_worlds(places: Iterator[Places]) -> list[Path]:
    """The worlds of all labs that run and can be asked."""
    worlds = (world for place in places if place.worlds.is_dir() for world in sorted(place.worlds.iterdir()))
    return [world for world in worlds if _listens(world / _SOCKET)]


async def _answer(controls: LabControls, line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
        match request.get("call"):
            case "describe":
                return {"ok": True, "result": controls.describe()}
            case "status":
                return {"ok": True, "result": controls.status()}
            case "apply":
                name, target = str(request.get("name", "")), str(request.get("target", ""))
                return {"ok": True, "result": await controls.apply(name, target)}
            case other:
                return {"ok": False, "error": f"{other!r} is no call"}
    except (LabError, psycopg.Error, OSError, ValueError, AttributeError) as error:
        return {"ok": False, "error": str(error) or type(error).__name__}


def _private_socket(path: Path) -> socket.socket:
    """A bound socket that only its owner can reach, from its first moment."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    finally:
        os.umask(before)
    return bound


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
