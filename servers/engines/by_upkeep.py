"""Restart and reload of plain PostgreSQL: by SQL where the bot's role may, else by psql on the server's host."""

import asyncio
import json
from typing import Any, LiteralString

from servers.configuration_sql import FILES, IN_USE, RELOAD, SETTINGS
from servers.engines.by_ssh import HostActions
from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed, Done, StopMode
from servers.engines.upkeep import Configuration, FileError, InUse, Reloaded, Transaction
from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.sql import Sessions
from servers.sql_errors import SqlFailed

LONG_TRANSACTION = 60.0  # seconds
_INSUFFICIENT_PRIVILEGE = "42501"
_PAUSE = 0.05
_STOP_SHARE = 0.5  # of a restart's time: what a stop may take at most
# Values of these may hold passwords: a change is told without them.
_HIDDEN = ("conninfo", "command", "passphrase", "secret", "password", "library")
_LONGEST_VALUE = 40


class UpkeepActions:
    """See `servers.engines.upkeep.Upkeep`."""

    def __init__(self, sessions: Sessions, host: HostActions) -> None:
        self._sessions, self._host = sessions, host

    async def configuration(self, server: Server, timeout: float) -> Configuration:
        answer = await self._answer(server, FILES, Deadline(timeout))
        errors = [
            FileError(str(row["file"]), row["line"], f"{row['name'] or 'this line'}: {row['error']}")
            for row in answer["settings"]
            if not row["pending"]
        ]
        errors += [FileError(str(row["file"]), row["line"], str(row["error"])) for row in answer["hba"]]
        pending = {str(row["name"]) for row in answer["settings"] if row["pending"]}
        return Configuration(tuple(errors), tuple(sorted(pending)), str(answer["digest"]))

    async def in_use(self, server: Server, timeout: float) -> InUse:
        answer = await self._answer(server, IN_USE, Deadline(timeout), LONG_TRANSACTION)
        return InUse(
            sessions=int(answer["sessions"]),
            long_transactions=tuple(_transaction(row) for row in answer["long"]),
            base_backups=int(answer["base_backups"]),
            prepared=int(answer["prepared"]),
            replicas=tuple(str(name) for name in answer["replicas"]),
            synchronous=int(answer["synchronous"]),
        )

    async def reload(self, server: Server, timeout: float) -> Reloaded:
        deadline = Deadline(timeout)
        before = await self._answer(server, SETTINGS, deadline)
        try:
            await self._sessions.query(server, RELOAD, timeout=deadline.left())
        except SqlFailed as error:
            if error.sqlstate != _INSUFFICIENT_PRIVILEGE:
                raise _failed(server, error) from error
            await self._host.psql(server, f"{RELOAD};", {}, deadline.left())
        except ServerUnreachable as error:
            raise _failed(server, error) from error
        while True:
            after = await self._answer(server, SETTINGS, deadline)
            if after["loaded_at"] > before["loaded_at"]:
                break
            deadline.check(f"{server.name} was told to reload, and has not read its files again: look at its log")
            await asyncio.sleep(_PAUSE)
        pending = tuple(str(name) for name in after["pending"])
        return Reloaded(deadline.seconds, tuple(_changes(before["settings"], after["settings"])), pending)

    async def restart(self, server: Server, timeout: float) -> Done:
        deadline = Deadline(timeout)
        stopped = await self._host.stop(server, StopMode.FAST, timeout * _STOP_SHARE, mark=False)
        try:
            started = await self._host.start(server, deadline.left())
        except ActionFailed as failed:
            state = f": pg_controldata says “{stopped.control.state}”" if stopped.control else ""
            message = f"{server.name} is DOWN. It was stopped{state}, and did not come up: {failed}"
            raise ActionFailed(message, exit_status=failed.exit_status, output=failed.output) from failed
        detail = f"{server.name} runs again after {deadline.seconds:.1f} s"
        return Done(detail, deadline.seconds, started.exit_status, started.output)

    async def _answer(self, server: Server, sql: LiteralString, deadline: Deadline, *params: object) -> dict[str, Any]:
        """One JSON value. A superuser's views are asked for by psql where the role may not read them."""
        self._sessions.wake(server)
        try:
            rows = await self._sessions.query(server, sql, params, timeout=deadline.left())
            text = rows[0]["answer"]
        except SqlFailed as error:
            if error.sqlstate != _INSUFFICIENT_PRIVILEGE or params:
                raise _failed(server, error) from error
            text = (await self._host.psql(server, sql, {}, deadline.left())).stdout
        except ServerUnreachable as error:
            raise _failed(server, error) from error
        try:
            answer = json.loads(text)
        except ValueError:
            raise ActionFailed(f"{server.name} gave an answer that makes no sense to its configuration") from None
        return dict(answer)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [_change(name, before.get(name), after.get(name)) for name in names]


def _change(name: str, before: object, after: object) -> str:
    # An extension's own setting may hold anything.
    if "." in name or any(word in name for word in _HIDDEN):
        return name
    return f"{name} {_value(before)} → {_value(after)}"


def _value(value: object) -> str:
    text = "not set" if value is None else str(value) or "empty"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _transaction(row: dict[str, Any]) -> Transaction:
    who = " ".join(str(row[key]) for key in ("user", "application") if row.get(key))
    return Transaction(int(row["pid"]), who or "unknown", str(row["state"] or "unknown"), float(row["seconds"]))


def _failed(server: Server, error: ServerUnreachable) -> ActionFailed:
    return ActionFailed(f"{server.name} does not answer by SQL: {error.detail}")
