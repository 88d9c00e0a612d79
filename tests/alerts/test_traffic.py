"""Clients that are held by nobody, and targets that lead away from the primary: when people are called."""

from dataclasses import replace

import pytest

from alerts.lifecycle import Change
from alerts.observation import Look
from alerts.probes.traffic import CLIENTS_GO_ON, LEADS_TO_PRIMARY, traffic
from servers.state import TargetView
from servers.traffic.looks import TrafficLooks
from servers.verdict import Verdict
from tests.alerts.looks import ANSWERED, DB1, DB2, NOW, UNREACHABLE, dark, look, primary_down, verdict
from tests.alerts.test_keeper import Scene, end_operation, run_operation, scene
from tests.commands.traffic import Pool

__all__ = ["scene"]  # a fixture

WELL = TargetView("pool", "pgbouncer", ANSWERED, "db1", detail="app leads to 10.0.0.11:5432")
HELD = replace(WELL, held=True, detail="app is paused")
ASTRAY = replace(WELL, server="db2", detail="app leads to 10.0.0.12:5432")
NOWHERE = replace(WELL, server=None, detail="app leads to 10.9.9.9:5432")
SILENT = TargetView("pool", "pgbouncer", UNREACHABLE, None)


def with_target(target: TargetView, seen: Look | None = None) -> Look:
    seen = seen or look()
    return replace(seen, state=replace(seen.state, traffic=(target,)))


def values(seen: Look) -> tuple[float | None, float | None]:
    """Whether clients go on, and whether they are led to the primary."""
    found = {one.name: one.value for one in traffic(seen)}
    return found[CLIENTS_GO_ON], found[LEADS_TO_PRIMARY]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (with_target(WELL), (1.0, 1.0)),
        (with_target(HELD), (0.0, 1.0)),
        (with_target(ASTRAY), (1.0, 0.0)),
        (with_target(NOWHERE), (1.0, None)),
        (with_target(SILENT), (None, None)),
        # Without exactly one primary that answers, nobody can say whether it is the right one.
        (with_target(WELL, primary_down()), (1.0, None)),
        (with_target(WELL, look(dark(DB1), dark(DB2), verdict(Verdict.UNKNOWN))), (1.0, None)),
        (with_target(WELL, look(DB1, replace(DB2, sql=DB1.sql), verdict(Verdict.SPLIT_BRAIN, None))), (1.0, None)),
    ],
)
def test_unknown_is_neither_well_nor_bad(seen: Look, expected: tuple[float | None, float | None]) -> None:
    assert values(seen) == expected


def test_a_cluster_without_targets_has_no_such_values() -> None:
    assert traffic(look()) == ()


async def test_clients_that_nobody_holds_are_told_with_what_to_do(scene: Scene) -> None:
    assert await scene.take(with_target(WELL)) == []
    assert await scene.take(with_target(HELD), 2) == []
    assert await scene.take(with_target(HELD), 11) == [("clients_held", Change.FIRED)]
    (item,) = await scene.outbox()
    assert item.page.title == "shop: clients wait at pool, and no operation holds them"
    assert "app is paused" in repr(item.page)
    assert "RESUME" in repr(item.page)
    assert await scene.take(with_target(SILENT), 2) == []
    assert await scene.take(with_target(WELL), 10) == [("clients_held", Change.RESOLVED)]


async def test_while_an_operation_runs_it_is_the_one_that_holds_them(scene: Scene) -> None:
    await scene.take(with_target(WELL))
    operation, fencing = await run_operation(scene)
    await scene.take(with_target(HELD), 2)
    await scene.take(with_target(HELD), 20)
    assert await scene.outbox() == []
    await end_operation(scene, operation, fencing)
    await scene.take(with_target(HELD), 2)
    assert await scene.take(with_target(HELD), 60) == [("clients_held", Change.RELEASED)]
    (item,) = await scene.outbox()
    assert item.page.title == "shop: clients wait at pool, and no operation holds them"


async def test_a_target_that_leads_away_from_the_primary_is_told(scene: Scene) -> None:
    await scene.take(with_target(WELL))
    assert await scene.take(with_target(ASTRAY), 2) == []
    assert await scene.take(with_target(ASTRAY), 21) == [("traffic_astray", Change.FIRED)]
    (item,) = await scene.outbox()
    assert item.page.title == "shop: pool does not lead clients to the primary"
    assert "the primary is db1" in repr(item.page)


async def test_a_target_that_does_not_answer_is_told_as_what_cannot_be_seen(scene: Scene) -> None:
    await scene.take(with_target(WELL))
    await scene.take(with_target(SILENT), 2)
    assert await scene.take(with_target(SILENT), 31) == [("cannot_see", Change.FIRED)]


async def test_targets_are_asked_when_their_views_are_old_and_only_then() -> None:
    pool, mute = Pool(), Pool(name="mute", fails={"look": "no console"})
    looks = TrafficLooks({"shop": (pool, mute)}, lambda: NOW)
    assert await looks.look("shop", None) == ()
    assert (pool.patience, await looks.look("other", 0.0)) == ([], ())
    seen, unseen = await looks.look("shop", 10.0)
    assert (seen.server, seen.held, seen.answer.ok) == ("db1", False, True)
    assert (unseen.server, unseen.answer.ok, unseen.answer.detail) == (None, False, "no console")
    pool.held = True
    assert (await looks.look("shop", 10.0))[0].held is False
    assert (await looks.look("shop", None))[0].held is False
    assert len(pool.patience) == 1
    assert (await looks.look("shop", 0.0))[0].held is True


async def test_a_target_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servers.traffic.looks.LOOK_SECONDS", 0.05)
    (seen,) = await TrafficLooks({"shop": (Pool(hangs=True),)}, lambda: NOW).look("shop", 0.0)
    assert (seen.server, seen.answer.detail) == (None, "no answer within 0.05 s")
