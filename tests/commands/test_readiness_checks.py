"""What a switchover examines besides the state of the cluster: each check passes, warns and fails with its evidence."""

from dataclasses import replace
from typing import Any

import pytest

from commands.plan import Check, CheckResult
from commands.promotion.examining import Examined, archive_directory
from commands.promotion.pair import Pair
from commands.promotion.switchover import plan_switchover
from servers.engines.rejoining import Reach
from servers.inventory import BackupPlace, BackupTool
from servers.readiness import (
    LIMITS,
    ArchiveTry,
    BaseBackupRunning,
    OpenTransaction,
    PreparedTransaction,
    WalLevel,
)
from servers.state import HostFacts
from tests.commands.inventory import MANY, SHOP
from tests.commands.practice import READY, practice_cluster, practice_pair

PASS, WARN, FAIL = CheckResult.PASS, CheckResult.WARN, CheckResult.FAIL
WELL = Examined(READY, READY, Reach(replication=True, files=True), ArchiveTry(True, True, "its program cp is there"))


async def pair_seen() -> Pair:
    return Pair(SHOP, await practice_pair().observe(SHOP), SHOP.server("db1"), SHOP.server("db2"))


async def check(name: str, examined: Examined, pair: Pair | None = None) -> Check:
    plan = plan_switchover(pair or await pair_seen(), examined)
    (found,) = (one for one in plan.checks if one.name == name)
    return found


def limits(**changed: int) -> dict[str, int]:
    return {**dict.fromkeys(LIMITS, 10), **changed}


async def test_a_pair_that_is_ready_passes_them_all() -> None:
    plan = plan_switchover(await pair_seen(), WELL)
    names = (
        "limits",
        "wal_level",
        "places",
        "way_back",
        "archive_new",
        "base_backup",
        "transactions",
        "prepared",
        "clocks",
    )
    found = {one.name: one.result for one in plan.checks}
    assert {name: found[name] for name in names} == dict.fromkeys(names, PASS)


@pytest.mark.parametrize(
    ("name", "examined", "result", "says"),
    [
        *(
            (
                "limits",
                replace(WELL, new=replace(READY, limits=limits(**{limit: 9}))),
                FAIL,
                f"{limit} is 10 and 9. Raise on db2",
            )
            for limit in LIMITS
        ),
        (
            "limits",
            replace(WELL, new=replace(READY, limits=limits(max_connections=20))),
            WARN,
            "max_connections is 10 and 20; db1 will not start as its standby",
        ),
        (
            "settings",
            replace(WELL, new="db2 does not say how it is set: no answer"),
            WARN,
            "not known: db2 does not say",
        ),
        ("wal_level", replace(WELL, new=replace(READY, wal_level=WalLevel.MINIMAL)), FAIL, "minimal on db2"),
        (
            "wal_level",
            replace(WELL, old=replace(READY, wal_level=WalLevel.LOGICAL)),
            FAIL,
            "wal_level is logical on db1, replica on db2. Raise it on db2",
        ),
        ("wal_level", replace(WELL, old=replace(READY, hot_standby=False)), FAIL, "hot_standby is off on db1"),
        (
            "places",
            replace(WELL, new=replace(READY, limits=limits(max_wal_senders=0))),
            FAIL,
            "free senders: 0",
        ),
        ("places", replace(WELL, new=replace(READY, max_replication_slots=0)), FAIL, "Raise max_wal_senders or"),
        (
            "way_back",
            replace(WELL, way_back=Reach(replication=False, files=False, detail="no pg_hba.conf entry")),
            FAIL,
            "tried from db1: no pg_hba.conf entry. Look at pg_hba.conf",
        ),
        (
            "way_back",
            replace(WELL, way_back=Reach(replication=True, files=False, detail="it may not read files")),
            WARN,
            "it may stream, but pg_rewind could not run",
        ),
        ("way_back", replace(WELL, way_back="db1's host could not be asked: timed out"), WARN, "not known"),
        ("archive_new", replace(WELL, new=replace(READY, archive_mode="off")), FAIL, "archive_mode is off on db2"),
        ("archive_new", replace(WELL, new=replace(READY, archive_command="")), FAIL, "neither archive_command nor"),
        (
            "archive_new",
            replace(WELL, archive=ArchiveTry(True, False, "/wal does not take files")),
            FAIL,
            "tried on db2: /wal does not take files. WAL would pile up",
        ),
        (
            "archive_new",
            replace(WELL, archive=ArchiveTry(False, None, "its program wal-g is not there")),
            FAIL,
            "its program wal-g is not there",
        ),
        ("archive_new", replace(WELL, new=replace(READY, archive_command="other")), WARN, "is another than on db1"),
        (
            "archive_new",
            replace(WELL, archive=ArchiveTry(True, None, "pgbackrest check: no stanza", tool=False)),
            FAIL,
            "tried on db2: pgbackrest check: no stanza",
        ),
        (
            "archive_new",
            replace(WELL, archive=ArchiveTry(True, None, "its program wal-g is there")),
            WARN,
            "the command was not tried, for its kind offers no harmless try (its program wal-g is there)",
        ),
        (
            "archive_new",
            replace(WELL, new=replace(READY, archive_library="basic_archive")),
            WARN,
            "the library was not tried",
        ),
        ("archive_new", replace(WELL, archive="db2's host could not be asked"), WARN, "whether it works there is not"),
        (
            "base_backup",
            replace(WELL, old=replace(READY, backups=(BaseBackupRunning("pgbackrest", "streaming", 40),))),
            WARN,
            "pgbackrest from db1 at 40 %: it ends without a result",
        ),
        (
            "base_backup",
            replace(WELL, new=replace(READY, backups=(BaseBackupRunning("", "estimating", None),))),
            WARN,
            "a base backup from db2",
        ),
        (
            "transactions",
            replace(WELL, old=replace(READY, transactions=(OpenTransaction(77, "app", "nightly", 3600.0),))),
            WARN,
            "nightly (process 77) for 1 h",
        ),
        (
            "prepared",
            replace(WELL, old=replace(READY, prepared=(PreparedTransaction("x-1", "shop", 90.0),))),
            WARN,
            "“x-1” in shop for 1 min 30 s: it goes on to db2 with its locks",
        ),
    ],
)
async def test_what_is_not_as_it_should_be_is_said_with_evidence(
    name: str, examined: Examined, result: CheckResult, says: str
) -> None:
    found = await check(name, examined)
    assert found.result is result, found
    assert says in found.evidence


async def test_without_archiving_on_either_it_is_said_and_no_obstacle() -> None:
    off = replace(READY, archive_mode="off")
    assert (await check("archive_new", replace(WELL, old=off, new=off))).result is WARN


async def test_nothing_that_was_not_looked_at_passes() -> None:
    unknown = Examined("no answer", "no answer", "no answer", "no answer")
    plan = plan_switchover(await pair_seen(), unknown)
    for name in ("settings", "way_back", "archive_new", "base_backup", "transactions", "prepared"):
        (found,) = (one for one in plan.checks if one.name == name)
        assert found.result is WARN, found


@pytest.mark.parametrize(("offset", "result"), [(0.2, PASS), (3.0, WARN), (-3.0, WARN), (None, WARN)])
async def test_clocks_that_are_apart_are_told(offset: float | None, result: CheckResult) -> None:
    pair = await pair_seen()
    host = pair.new.host
    assert isinstance(host, HostFacts)
    moved = replace(pair.new, host=replace(host, clock_offset_seconds=offset))
    found = await check("clocks", WELL, replace(pair, state=replace(pair.state, servers=(pair.old, moved))))
    assert found.result is result


async def test_every_standby_that_comes_needs_a_place() -> None:
    state = await practice_cluster().observe(MANY)
    pair = Pair(MANY, state, MANY.server("db1"), MANY.server("db2"))
    few = replace(READY, limits=limits(max_wal_senders=2))  # db5 has one, db1 and db3 come
    found = await check("places", replace(WELL, new=few), pair)
    assert (found.result, found.evidence.partition(".")[0]) == (
        FAIL,
        "db1, db3 will come; free senders: 1, free slots: 9",
    )


@pytest.mark.parametrize(
    ("place", "directory"),
    [
        (None, None),
        ({"server": None}, "/wal"),
        ({"server": "db2"}, "/wal"),
        ({"server": "db1"}, None),
    ],
)
def test_the_archive_is_tried_where_it_lies(place: dict[str, Any] | None, directory: str | None) -> None:
    backups = BackupPlace(BackupTool.NATIVE, "/backups", "/wal", **place) if place is not None else None
    assert archive_directory(replace(SHOP, backups=backups), SHOP.server("db2")) == directory
