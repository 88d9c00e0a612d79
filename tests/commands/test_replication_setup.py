"""What of a primary differs from what a standby needs, what people approve, and what is changed."""

from dataclasses import replace

import pytest

from commands.asked import Decision
from commands.command import Misunderstood
from commands.plan import Plan
from commands.replicating.differs import Access, access_of, address_of, settings_to_change
from commands.replication import Replication
from servers.engines.rejoining import Reach
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP, server
from tests.commands.practice_jobs import READY

NO_ENTRY = Reach(
    replication=False,
    files=False,
    detail='connection to server at "10.0.0.11", port 5432 failed: '
    'FATAL: no pg_hba.conf entry for replication connection from host "10.0.0.12", user "replicator"',
)
WRONG_PASSWORD = Reach(replication=False, files=False, detail='FATAL: password authentication failed for user "x"')
BUSY = Reach(replication=False, files=False, detail="FATAL: sorry, too many clients already")
NO_SENDER = Reach(
    replication=False,
    files=False,
    detail="FATAL: number of requested standby connections exceeds max_wal_senders (currently 0)",
)
NOBODY = Reach(replication=False, files=False, detail="Connection refused. Is the server running?")


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """The settings say how others reach each, with a passfile."""
    for name, address in (("db1", "10.0.0.11"), ("db2", "10.0.0.12")):
        given = server(name, replication=f"host={address} user=replicator passfile=/home/.pgpass")
        shop = scene.world.clusters["shop"]
        servers = tuple(given if one.name == name else one for one in shop.servers)
        scene.world.clusters["shop"] = replace(shop, servers=servers)  # type: ignore[index]
    return scene


async def planned(scene: Scene) -> Plan:
    order, state = Replication(), await scene.pair.observe(SHOP)
    return await order.plan(order.resolve(("setup",), scene.world), state, scene.world)


async def run(scene: Scene) -> str:
    operation = await scene.request(text="replication setup db2")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    return f"{report} {[step.detail for step in await scene.steps(operation)]}"


async def test_where_nothing_differs_nothing_is_done(scene: Scene) -> None:
    with pytest.raises(Misunderstood, match="nothing is left to set up"):
        await planned(scene)


@pytest.mark.parametrize(
    ("reach", "access", "address"),
    [
        (NO_ENTRY, Access.NO_ENTRY, "10.0.0.12"),
        (WRONG_PASSWORD, Access.NOT_TRUSTED, None),
        (Reach(False, False, 'FATAL: role "x" does not exist'), Access.NOT_TRUSTED, None),
        (Reach(False, False, "fe_sendauth: no password supplied"), Access.NOT_TRUSTED, None),
        (BUSY, Access.REFUSED, None),
        (NO_SENDER, Access.REFUSED, None),
        (NOBODY, Access.NO_WAY, None),
        (Reach(replication=True, files=False), Access.OPEN, None),
    ],
)
def test_what_keeps_a_server_out_is_told_from_its_own_try(reach: Reach, access: Access, address: str | None) -> None:
    assert (access_of(reach), address_of(reach)) == (access, address)


def test_settings_are_raised_and_never_lowered() -> None:
    assert settings_to_change(READY, 1) == {}
    assert settings_to_change(replace(READY, wal_level="logical", max_wal_senders=50), 1) == {}
    poor = replace(READY, wal_level="minimal", max_wal_senders=0, max_replication_slots=0, rewindable=False)
    assert settings_to_change(poor, 1) == {
        "wal_level": "replica",
        "max_wal_senders": "10",
        "max_replication_slots": "10",
        "wal_log_hints": "on",
    }
    assert settings_to_change(READY, 12) == {"max_wal_senders": "26", "max_replication_slots": "13"}


async def test_a_restart_that_is_needed_is_said_before_and_nothing_is_tried_that_needs_it(scene: Scene) -> None:
    scene.pair.setup = replace(READY, wal_level="minimal", max_wal_senders=0)
    scene.pair.reached = WRONG_PASSWORD
    plan = await planned(scene)
    assert [step.action for step in plan.steps] == ["change_settings", "give_access"]
    (said,) = [check.evidence for check in plan.checks if check.name == "settings"]
    assert "a restart is needed for wal_level, max_wal_senders. db2 cannot stream before that" in said
    scene.pair.setup = replace(scene.pair.setup, pending=("wal_level", "max_wal_senders"))
    assert [step.action for step in (await planned(scene)).steps] == ["give_access"]


async def test_the_entry_is_for_that_address_alone(scene: Scene) -> None:
    scene.pair.reached = NO_ENTRY
    assert dict((await planned(scene)).facts)["pg_hba.conf entry for"] == "10.0.0.12"
    report = await run(scene)
    assert "db2 may stream from db1." in report
    assert [line for line in scene.pair.done if line.startswith("host")] == [
        'host replication "replicator" 10.0.0.12/32 scram-sha-256',
        'host postgres "replicator" 10.0.0.12/32 scram-sha-256',
    ]
    assert scene.pair.passwords == []


async def test_a_new_password_goes_to_every_server_and_into_no_record(scene: Scene) -> None:
    scene.pair.setup = replace(READY, role_exists=False, role_may=False, has_password=False, reads_files=False)
    scene.pair.reached = Reach(replication=True, files=True)
    report = await run(scene)
    assert scene.pair.done == ["password for db1", "password for db2", "role replicator with a new password"]
    (password,) = set(scene.pair.passwords)
    assert len(password) >= 32
    records = await scene.records()
    assert password not in f"{report} {records}"


@pytest.mark.parametrize("reach", [BUSY, NO_SENDER])
async def test_a_primary_that_is_full_is_no_reason_for_a_new_password(scene: Scene, reach: Reach) -> None:
    scene.pair.reached = reach
    plan = await planned(scene)
    assert dict(plan.facts)["password"] == "as it is"
    assert [step.action for step in plan.steps] == ["try_replication"]
    assert plan.failed_checks == ()


async def test_nothing_is_set_up_for_a_server_that_cannot_get_through(scene: Scene) -> None:
    scene.pair.reached = NOBODY
    assert [check.name for check in (await planned(scene)).failed_checks] == ["entry"]


async def test_broken_lines_in_the_file_are_mended_by_people_first(scene: Scene) -> None:
    scene.pair.reached = NO_ENTRY
    scene.pair.setup = replace(READY, hba_errors=1)
    assert [check.name for check in (await planned(scene)).failed_checks] == ["hba"]
