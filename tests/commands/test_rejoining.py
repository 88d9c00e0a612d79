"""Which way a server comes back, what people are told of it, and what runs."""

import asyncio
from dataclasses import replace

import pytest

from commands.asked import Decision
from commands.command import Misunderstood, Standing
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from commands.rejoin import Rejoin
from commands.rejoining.going_on import upstream_is_primary
from commands.rejoining.progress import progress_line
from commands.rejoining.rejoin_plan import plan_return
from commands.rejoining.seen import Seen, see
from commands.rejoining.way_back import WayBack, way_back
from ledger.operations import OperationState
from servers.engines.rejoining import DirectoryFacts, Job, JobReport, JobState, Reach, SourceFacts
from servers.lsn import Lsn
from tests.commands.conftest import Scene
from tests.commands.inventory import SHOP
from tests.commands.mortal import Gone
from tests.commands.practice_jobs import FORK, stopped

CLEAN = stopped("shut down", Lsn(FORK - 120))
KILLED = stopped("in production", Lsn(FORK - 4096))
GIBIBYTE = 1024**3


async def seen(scene: Scene, facts: DirectoryFacts, **changes: object) -> Seen:
    """db2 was promoted, and db1 is as its directory tells."""
    scene.pair.directories["db1"] = facts
    if scene.pair.machines["db2"].standby:
        scene.pair.kill("db1")
        scene.pair.machines["db2"].standby, scene.pair.machines["db2"].timeline = False, 2
    state = await scene.pair.observe(SHOP)
    return replace(await see(scene.world, SHOP, state, "db1", "db2"), **changes)  # type: ignore[arg-type]


async def kind(scene: Scene, facts: DirectoryFacts, **changes: object) -> WayBack:
    return way_back(await seen(scene, facts, **changes), copy_wanted=False).kind


async def test_a_clean_shutdown_that_the_new_primary_has_is_simply_started(scene: Scene) -> None:
    assert await kind(scene, CLEAN) is WayBack.PLAIN


async def test_a_shutdown_past_the_fork_is_rewound(scene: Scene) -> None:
    assert await kind(scene, stopped("shut down", FORK)) is WayBack.REWIND


async def test_a_killed_primary_is_rewound_even_if_it_may_have_nothing_more(scene: Scene) -> None:
    assert await kind(scene, KILLED) is WayBack.REWIND


@pytest.mark.parametrize(("end", "expected"), [(FORK, WayBack.PLAIN), (Lsn(FORK + 8), WayBack.REWIND)])
async def test_a_standby_goes_by_what_it_has_replayed(scene: Scene, end: Lsn, expected: WayBack) -> None:
    facts = replace(stopped("shut down in recovery", Lsn(FORK - 4096)), end_lsn=end)
    assert await kind(scene, facts) is expected


@pytest.mark.parametrize(
    "facts",
    [
        replace(KILLED, data_checksums=False, wal_log_hints=False),
        replace(KILLED, full_page_writes=False),
        replace(KILLED, broken=True),
        replace(KILLED, history="nonsense"),
        replace(KILLED, exists=False, control=None),
    ],
)
async def test_what_pg_rewind_cannot_mend_is_copied(scene: Scene, facts: DirectoryFacts) -> None:
    assert await kind(scene, facts) is WayBack.COPY


async def test_without_the_right_to_read_files_it_is_copied(scene: Scene) -> None:
    scene.pair.reached = Reach(replication=True, files=False, detail="it may not read files")
    way = way_back(await seen(scene, KILLED), copy_wanted=False)
    assert (way.kind, "it may not read files" in way.why) == (WayBack.COPY, True)


async def test_wal_that_is_recycled_is_fetched_from_an_archive_or_copied(scene: Scene) -> None:
    scene.pair.source_facts = replace(scene.pair.source_facts, oldest_wal=Lsn(FORK + 0x1000000))
    assert await kind(scene, CLEAN) is WayBack.PLAIN
    assert await kind(scene, replace(CLEAN, restores=False)) is WayBack.COPY
    assert await kind(scene, replace(KILLED, restores=False)) is WayBack.COPY


async def test_a_rewound_directory_that_never_started_is_started(scene: Scene) -> None:
    facts = stopped("in archive recovery", FORK)
    assert facts.control is not None
    history = "1\t0/5000028\tpromoted\n"
    control = replace(facts.control, timeline=2)
    assert await kind(scene, replace(facts, control=control, history=history, based=True)) is WayBack.PLAIN


@pytest.mark.parametrize(
    ("facts", "source", "said"),
    [
        (replace(KILLED, available=GIBIBYTE), {}, "not enough room"),
        (replace(KILLED, obstacle="/data/db1 is a mount point"), {}, "mount point"),
        (KILLED, {"tablespaces": ("/fast",)}, "/fast"),
        (KILLED, {"free_senders": 1}, "a copy takes two"),
    ],
)
async def test_where_no_copy_can_follow_the_rewind_promises_none(
    scene: Scene, facts: DirectoryFacts, source: dict[str, object], said: str
) -> None:
    scene.pair.source_facts = SourceFacts(**{**_fields(scene.pair.source_facts), **source})  # type: ignore[arg-type]
    plan = plan_return(await seen(scene, facts), kind="rejoin")
    assert [step.action for step in plan.steps] == ["checkpoint_upstream", "make_slot", "rewind", "start_standby"]
    assert plan.failed_checks == ()
    assert any(said in check.evidence for check in plan.checks)
    forced = plan_return(await seen(scene, facts), kind="rejoin", copy_wanted=True)
    assert any(said in check.evidence for check in forced.failed_checks)


@pytest.mark.parametrize("facts", [KILLED, CLEAN])
async def test_a_disk_without_room_is_refused_also_where_nothing_is_copied(scene: Scene, facts: DirectoryFacts) -> None:
    """A rewind fetches WAL, and a standby that starts writes at once."""
    scene.pair.machines["db1"].disk_used = 990
    plan = plan_return(await seen(scene, replace(facts, available=GIBIBYTE)), kind="rejoin")
    assert [(check.name, check.evidence) for check in plan.failed_checks] == [
        ("disk_db1", "/data/db1 is 99% full, 10 bytes free. Make room first")
    ]


async def test_a_copy_goes_by_the_room_that_it_takes(scene: Scene) -> None:
    """However full the disk is: the old directory stays, and the copy is of a known size."""
    scene.pair.machines["db1"].disk_used = 990
    room = replace(KILLED, available=100 * GIBIBYTE)
    plan = plan_return(await seen(scene, room), kind="rejoin", copy_wanted=True)
    assert plan.failed_checks == ()
    (evidence,) = (check.evidence for check in plan.checks if check.name == "room")
    assert evidence == "100 GB free, a copy takes about 11.0 GB"


async def test_that_a_copy_may_follow_and_the_directory_moves_aside_is_part_of_what_is_approved(scene: Scene) -> None:
    rewind = plan_return(await seen(scene, KILLED), kind="rejoin")
    alone = plan_return(await seen(scene, replace(KILLED, available=GIBIBYTE)), kind="rejoin")
    assert dict(rewind.facts)["way back"] == "pg_rewind, else new copy"
    assert dict(rewind.facts)["data directory"] == "/data/db1 is moved aside"
    assert rewind.hash != alone.hash


async def test_what_the_old_primary_had_past_the_fork_is_said(scene: Scene) -> None:
    await scene.pair.observe(SHOP)
    looked = await seen(scene, KILLED)

    def told(rate: float | None) -> str:
        old = replace(looked.old, last_wal_lsn=Lsn(FORK + 2048), wal_rate=rate)
        plan = plan_return(replace(looked, old=old), kind="rejoin")
        assert (plan.loss.bytes, plan.loss.seconds) == (None, None)
        return plan.loss.explanation

    assert "at least 2.0 kB of WAL past it was seen, over a time that is not known" in told(None)
    assert "overwritten by the rewind" in told(None)
    assert "about 4 s of writing at its last known rate" in told(512.0)


async def test_a_copy_that_runs_is_ended_by_a_cancel_and_kept(scene: Scene) -> None:
    await seen(scene, replace(KILLED, data_checksums=False, wal_log_hints=False))
    scene.pair.ends[Job.COPY] = [JobReport(JobState.RUNNING, copied=1, total=2)]
    operation = await scene.request(text="rejoin db1 copy")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    async with asyncio.timeout(10):
        while not any(job is Job.COPY for job, _, _ in scene.pair.begun):
            await asyncio.sleep(0.01)
    await scene.dispatcher.decide(scene.asks("alice"), operation, Decision.CANCEL)
    report = (await scene.dispatcher.wait(operation)).page
    assert (await scene.operation(operation)).state is OperationState.CANCELLED
    assert "end copy on db1" in scene.pair.done
    assert scene.pair.moved == []
    assert "kept in /data/db1.copy-1" in repr(report), report


async def test_another_database_and_a_newer_timeline_are_refused(scene: Scene) -> None:
    other = plan_return(await seen(scene, stopped("shut down", FORK, "1")), kind="rejoin")
    assert [check.name for check in other.failed_checks] == ["system_identifier"]
    assert KILLED.control is not None
    newer = replace(KILLED, control=replace(KILLED.control, timeline=3), history="1\t0/4000000\tx\n")
    plan = plan_return(await seen(scene, newer), kind="rejoin")
    assert [check.name for check in plan.failed_checks] == ["timeline"]


async def test_an_old_primary_that_runs_is_fenced_first_as_a_risk_and_copied(scene: Scene) -> None:
    looked = await seen(scene, KILLED)
    scene.pair.machines["db1"].running = True
    state = await scene.pair.observe(SHOP)
    plan = plan_return(replace(looked, old=state.server("db1")), kind="rejoin")
    assert [step.action for step in plan.steps] == [
        "fence_rejoiner", "make_slot", "copy", "place", "start_standby"
    ]  # fmt: skip
    assert "What clients wrote there since 0/5000028 is not on db2" in plan.risks[0]
    with pytest.raises(Misunderstood, match="Name the one that shall give way"):
        await Rejoin().plan(Rejoin().resolve((), scene.world), state, scene.world)


async def test_there_is_nothing_to_rejoin_in_a_pair_that_is_well_or_has_no_primary(scene: Scene) -> None:
    state = await scene.pair.observe(SHOP)
    with pytest.raises(Misunderstood, match="Every standby of shop streams"):
        await Rejoin().plan(Rejoin().resolve((), scene.world), state, scene.world)
    with pytest.raises(Misunderstood, match="db1 is the primary of shop"):
        await Rejoin().plan(Rejoin().resolve(("db1",), scene.world), state, scene.world)
    scene.pair.kill("db1")
    state = await scene.pair.observe(SHOP)
    with pytest.raises(Misunderstood, match="First: /ha promote shop"):
        await Rejoin().plan(Rejoin().resolve((), scene.world), state, scene.world)


def test_progress_is_told_in_percent_with_the_rate_and_the_rest() -> None:
    report = JobReport(JobState.RUNNING, "key", 60.0, 6 * GIBIBYTE, 24 * GIBIBYTE)
    assert progress_line(report) == "25 %: 6.0 GB of 24.0 GB, 102 MB a second, about 3 min left"
    assert "waiting for checkpoint" in progress_line(JobReport(JobState.RUNNING, log="waiting for checkpoint"))


async def test_a_rewind_that_broke_off_is_followed_by_the_approved_copy(scene: Scene) -> None:
    await seen(scene, KILLED)
    scene.pair.ends[Job.REWIND] = [JobReport(JobState.FAILED, log="pg_rewind: error: it broke")]
    scene.pair.ends[Job.COPY] = [JobReport(JobState.DONE, copied=4096, total=4096)]
    report = await run(scene, "rejoin")
    assert [(job, name) for job, name, _ in scene.pair.begun] == [(Job.REWIND, "db1"), (Job.COPY, "db1")]
    assert len(scene.pair.moved) == 1
    assert scene.pair.moved[0] in report
    assert "pg_rewind: error: it broke. A new copy follows." in report


async def test_a_rewind_that_went_through_needs_no_copy(scene: Scene) -> None:
    await seen(scene, KILLED)
    report = await run(scene, "rejoin")
    assert [job for job, _, _ in scene.pair.begun] == [Job.REWIND]
    assert scene.pair.moved == []
    assert "db1 follows db2 as a standby" in report


async def test_a_copy_that_the_bot_did_not_survive_is_taken_up_where_it_is(scene: Scene) -> None:
    await seen(scene, replace(KILLED, data_checksums=False, wal_log_hints=False))
    scene.pair.ends[Job.COPY] = [JobReport(JobState.RUNNING, copied=1024, total=4096)]
    operation = await scene.request(text="rejoin")
    crashed = Dispatcher(scene.world, COMMANDS, owner=Gone(scene.ledger.path))
    await crashed.decide(scene.asks("bob"), operation, Decision.APPROVE)
    while not scene.pair.begun:
        await asyncio.sleep(0)
    scene.pair.ends[Job.COPY] = [JobReport(JobState.RUNNING), JobReport(JobState.RUNNING), JobReport(JobState.DONE)]
    await scene.dispatcher.recover()
    report = (await scene.dispatcher.wait(operation)).page
    assert "succeeded" in report.title, report
    assert len({key for _, _, key in scene.pair.begun}) == 1
    assert len(scene.pair.moved) == 1


async def test_a_host_that_stays_silent_ends_the_waiting_and_not_the_job(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.rejoining.waiting.LONGEST_SILENCE", 0.15)
    await seen(scene, KILLED)
    scene.pair.silent.add(Job.REWIND)
    report = await run(scene, "rejoin")
    assert "db1's host has been silent for 150 ms; the rewind may go on there by itself" in report
    assert [job for job, _, _ in scene.pair.begun] == [Job.REWIND]


async def standing_still(scene: Scene, reached: Reach) -> str:
    """A rewind that does not move for a while, and then ends well; `reached` is what its host finds meanwhile."""
    await seen(scene, KILLED)
    scene.pair.ends[Job.REWIND] = [*[JobReport(JobState.RUNNING)] * 6, JobReport(JobState.DONE)]
    operation = await scene.request(text="rejoin")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    while not scene.pair.begun:
        await asyncio.sleep(0)
    scene.pair.reached = reached
    return str((await scene.dispatcher.wait(operation)).page)


async def test_a_job_that_stands_still_without_a_way_to_its_source_is_given_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.rejoining.waiting.STANDSTILL", 0.15)
    report = await standing_still(scene, Reach(replication=False, files=False, detail="timeout expired"))
    assert "The rewind has not moved for 150 ms, and db1 does not get through to db2: timeout expired" in report
    assert "failed" in report


async def test_one_that_stands_still_but_gets_through_is_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.rejoining.waiting.STANDSTILL", 0.15)
    assert "succeeded" in await standing_still(scene, Reach(replication=True, files=True))


async def test_a_host_that_is_silent_for_a_moment_is_waited_for(scene: Scene) -> None:
    await seen(scene, KILLED)
    scene.pair.silent.add(Job.REWIND)
    operation = await scene.request(text="rejoin")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    while not scene.pair.begun:
        await asyncio.sleep(0)
    await asyncio.sleep(0.2)
    scene.pair.silent.clear()
    assert "succeeded" in (await scene.dispatcher.wait(operation)).page.title


async def test_the_same_plan_again_begins_a_copy_of_its_own(scene: Scene) -> None:
    """What an earlier order copied is old, however alike the two plans are."""
    await seen(scene, replace(KILLED, data_checksums=False, wal_log_hints=False))
    scene.pair.ends[Job.COPY] = [JobReport(JobState.FAILED)]
    for _ in range(2):
        assert "did not end well" in await run(scene, "rejoin")
    (first, second) = (key.partition("-") for _, _, key in scene.pair.begun)
    assert first[0] == second[0]
    assert first[2] != second[2]


async def test_a_rejoin_does_not_go_on_once_another_server_is_the_primary(scene: Scene) -> None:
    plan = plan_return(await seen(scene, KILLED), kind="rejoin")
    standing = Standing(SHOP, plan, plan.steps[-1], await scene.pair.observe(SHOP), "the plan differs")
    assert upstream_is_primary(standing) is None
    scene.pair.machines["db2"].timeline = 3
    standing = replace(standing, state=await scene.pair.observe(SHOP))
    assert upstream_is_primary(standing) == "db2 is on timeline 3 now, not 2."


async def test_live_progress_reaches_the_card_in_percent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.running.telling.TELL_PAUSE", 0.0)
    await seen(scene, KILLED)
    scene.pair.ends[Job.REWIND] = [
        *[JobReport(JobState.RUNNING, copied=1024, total=4096)] * 3,
        JobReport(JobState.DONE),
    ]
    operation = await scene.request(text="rejoin")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    await scene.dispatcher.wait(operation)
    pages = await scene.ledger.read(lambda db: [row["page"] for row in db.query("SELECT page FROM outbox")])
    assert any("25 %: 1.0 kB of 4.0 kB" in str(page) for page in pages)


async def run(scene: Scene, text: str) -> str:
    """Asked for, approved and carried out; the report, and what each step said."""
    operation = await scene.request(text=text)
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    report = (await scene.dispatcher.wait(operation)).page
    return f"{report} {[step.detail for step in await scene.steps(operation)]}"


def _fields(facts: SourceFacts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in SourceFacts.__dataclass_fields__}
