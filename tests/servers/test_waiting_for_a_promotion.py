"""A promotion that was asked for, while the server does not answer by SQL: its host tells."""

from typing import Any, cast

import pytest

from servers.engines import by_sql
from servers.engines.by_sql import SqlActions
from servers.engines.by_ssh import HostActions
from servers.engines.engine import ActionFailed
from servers.engines.host_answer import HostAnswer, host_answer
from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.sql import Sessions
from servers.ssh import Completed
from servers.state import Outcome
from tests.commands.inventory import server
from tests.servers.control_data_text import control_data_text

DB2 = server("db2")
DOWN = f"@postmaster\n@address 5432 *\n@control\n{control_data_text('in archive recovery')}@end\n@done\n"
UP = DOWN.replace("@postmaster", "@postmaster 42 S")
PRIMARY = UP.replace("in archive recovery", "in production")


class Silent:
    """Takes the promotion, and answers nothing after it."""

    def __init__(self) -> None:
        self.asked = False

    def wake(self, _server: Server) -> None:
        pass

    async def query(self, _server: Server, *_: object, timeout: float) -> list[dict[str, Any]]:
        if not self.asked:
            self.asked = True
            return [{"sent": True}]
        raise ServerUnreachable(Outcome.REFUSED, "connection refused")


class Host:
    """What each look at the host finds, in turn; the last one stays."""

    def __init__(self, *found: str) -> None:
        self.found = list(found)

    async def look(self, _server: Server, _timeout: float) -> HostAnswer:
        text = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        return host_answer("db2", Completed(("sh",), 0, text, "", 0.01))


async def promoted(*found: str, timeout: float = 20.0) -> str:
    actions = SqlActions(cast(Sessions, Silent()), cast(HostActions, Host(*found)))
    return (await actions.promote(DB2, timeout)).detail


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_sql, "_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(by_sql, "_STAYS_DOWN", 0.1)


async def test_one_that_went_down_is_not_waited_for() -> None:
    with pytest.raises(ActionFailed, match=r"db2 went down while it was promoted \(no postmaster"):
        await promoted(DOWN)


async def test_one_that_is_restarted_at_once_is_waited_for() -> None:
    assert "is in production" in await promoted(DOWN, DOWN, UP, UP, DOWN, PRIMARY)


async def test_one_that_runs_and_is_no_primary_in_time_is_said_to_be_none_yet() -> None:
    with pytest.raises(
        ActionFailed, match=r"db2 was asked to promote, and is no primary yet: look at its log \(waited"
    ):
        await promoted(UP, timeout=0.3)
