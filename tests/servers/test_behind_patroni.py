"""Nothing is done behind Patroni's back: every action of the engine is refused on its servers, every look is not."""

import inspect
from dataclasses import replace
from typing import Any, cast

import pytest

from servers.engines.behind_patroni import INSTEAD, LOOKS, behind_patroni
from servers.engines.engine import ActionFailed, Engine
from servers.inventory import EngineKind, PatroniPlace
from tests.commands.inventory import BOOKS, SHOP

MANAGED = replace(SHOP, patroni=PatroniPlace((("db1", "http://127.0.0.1:1"), ("db2", "http://127.0.0.1:1"))))
ACTIONS = sorted(
    name
    for name, _ in inspect.getmembers(Engine, inspect.iscoroutinefunction)
    if not name.startswith("_") and name not in LOOKS
)


class Recorder:
    """An engine that notes what it is asked to do."""

    name = "recorder"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, action: str) -> Any:
        async def note(*_arguments: object, **_options: object) -> str:
            self.asked.append(action)
            return action

        return note


@pytest.mark.parametrize("action", ACTIONS)
async def test_every_action_of_the_protocol_is_refused_on_patronis_servers_alone(action: str) -> None:
    recorder = Recorder()
    engine = behind_patroni(cast(Engine, recorder), (MANAGED, BOOKS))
    with pytest.raises(ActionFailed, match=r"on db2 is refused: Patroni runs this cluster\. Nothing was done\."):
        await getattr(engine, action)(MANAGED.servers[1])
    with pytest.raises(ActionFailed):  # also where it is the second server that is meant
        await getattr(engine, action)(BOOKS.servers[1], MANAGED.servers[1])
    assert recorder.asked == []
    assert await getattr(engine, action)(BOOKS.servers[1]) == action


@pytest.mark.parametrize("look", sorted(LOOKS))
async def test_looks_are_let_through(look: str) -> None:
    engine = behind_patroni(cast(Engine, Recorder()), (MANAGED,))
    assert await getattr(engine, look)(MANAGED.servers[0]) == look


def test_what_is_named_is_in_the_protocol() -> None:
    known = {name for name, _ in inspect.getmembers(Engine, inspect.iscoroutinefunction)}
    assert known >= LOOKS
    assert known >= set(INSTEAD)
    assert {"promote", "stop", "start", "fence", "restart", "begin_copy", "use_copy"} <= set(ACTIONS)


def test_without_patroni_the_engine_is_as_it_was() -> None:
    engine = cast(Engine, Recorder())
    assert behind_patroni(engine, (SHOP, BOOKS)) is engine
    assert (SHOP.engine, MANAGED.engine) == (EngineKind.NATIVE, EngineKind.PATRONI)
