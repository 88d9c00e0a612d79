"""The steps of a failover drill around its two switchovers: the probe client begins, the way back is made ready, and no
row that was acknowledged to the probe may be missing in the end.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from psycopg.conninfo import make_conninfo

from commands.acting import engine_says, time_of, untold
from commands.command import Action, Meant, Misunderstood, StepContext, StepFailed, StepOutcome
from commands.drilling.judging import wanted
from commands.drilling.legs import coming, going
from commands.drilling.trend import HISTORY, MEASURED_AT, SHOWN, history
from commands.looking import look
from commands.plan import Plan, Step
from commands.promote import Promote, Promotion
from commands.world import World
from ledger.drills import OUTAGE, SWITCHING, drills
from ledger.quantities import count_text, seconds_text
from servers.drilling import HeartbeatPlace
from servers.heartbeat import in_database
from servers.inventory import Cluster, Server
from servers.probe import Noticed
from servers.traffic.target import Passable

BEGIN, READY, TURN, END = "begin_probe", "see_ready", "turn_round", "end_probe"
THERE, BACK = "probe_outage_there", "probe_outage_back"  # seconds, as the probe noticed it
ACKNOWLEDGED, ROAD = "probe_acknowledged", "probe_road"
SWITCHES = "failover_drills_held"  # those before

_FIRST_ROW_SECONDS = 10.0
_AFTER_SECONDS = 60.0  # for the first row after a switchover: a client that came too late tries again
_PATIENCE, _PAUSE = 180.0, 1.0
_SHOWN = 5


def begin_step(primary: str, road: str) -> Step:
    does = f"A client of our own writes a row every 50 ms and reads it back, through {road}, until the drill has ended."
    return Step(BEGIN, primary, "Begin to write as a client", does, "rows are acknowledged", 2 * _FIRST_ROW_SECONDS)


def ready_step(primary: str) -> Step:
    does = "Looks at everything again that a switchover looks at: hours may have gone by."
    return Step(READY, primary, "See that all is healthy", does, "no check fails", _PATIENCE)


def turn_step(new: str) -> Step:
    does = "Notes how long clients waited, and waits until the way back is as safe as a switchover has to be."
    return Step(TURN, new, "Make ready for the way back", does, "no check of a switchover fails", _PATIENCE)


def end_step(primary: str) -> Step:
    does = "Ends the client, compares what was acknowledged to it with what is there, and takes its own rows away."
    return Step(END, primary, "Prove that no acknowledged row is lost", does, "every one is there", _PATIENCE)


def road_of(world: World, cluster: Cluster, place: HeartbeatPlace) -> tuple[str, tuple[str, ...]]:
    """The way of the probe in a word or two, and libpq's conninfos for it: what the settings say, else through the
    first traffic target that can be passed, else to whichever server takes writes."""
    if cluster.drilling.probe is not None:
        return "the way that the settings name", (cluster.drilling.probe,)
    for target in world.traffic.get(cluster.name, ()):
        if isinstance(target, Passable) and target.road is not None:
            return target.name, (make_conninfo(target.road, dbname=place.database),)
    roads = (in_database(server, place.database).conninfo for server in cluster.servers)
    direct = tuple(make_conninfo(road, target_session_attrs="read-write") for road in roads)
    return "whichever server takes writes", direct


async def begin(context: StepContext) -> StepOutcome:
    place, probes = _place(context), context.world.probes
    await engine_says(probes.make_table(_server(context, context.plan.source), place))
    name, roads = road_of(context.world, context.cluster, place)
    probe = probes.start(roads, context.operation)
    if not await probe.has_written(_FIRST_ROW_SECONDS):
        await probes.stop(context.operation)
        raise StepFailed(f"The probe got no row through {name}: {probe.noticed.last_error or 'no answer'}")
    probe.turn()
    return StepOutcome(f"It writes through {name}", found={ROAD: name, **wanted(context.cluster.drilling.objectives)})


async def stop(context: StepContext) -> StepOutcome:
    """Undoes the begin: its rows are left where they are, for the primary may be out of reach."""
    await context.world.probes.stop(context.operation)
    return StepOutcome("The probe has ended")


async def see_ready(context: StepContext) -> StepOutcome:
    return await _until_ready(context, going(context.plan))


async def turn_round(context: StepContext) -> StepOutcome:
    """The outage of the way there ends with the probe's next row; then everything is looked at again."""
    probe, found = context.world.probes.running(context.operation), {}
    if probe is not None:
        await probe.has_written(_AFTER_SECONDS)
        found = {THERE: f"{probe.turn():.2f}"}
    ready = await _until_ready(context, coming(context.plan))
    waited = f"Clients waited {seconds_text(float(found[THERE]))} at most. " if found else ""
    return StepOutcome(f"{waited}{ready.detail}", found=found)


async def end(context: StepContext) -> StepOutcome:
    """Raises StepFailed where a row is missing, or where nobody knows which were acknowledged."""
    place, probes = _place(context), context.world.probes
    probe = probes.running(context.operation)
    back = None
    if probe is not None:
        await probe.has_written(_AFTER_SECONDS)
        back = probe.turn()
    noticed = await probes.stop(context.operation)
    primary = _server(context, context.plan.source)
    there = await engine_says(probes.rows(primary, place, context.operation))
    await engine_says(probes.remove(primary, place, context.operation))
    held = await context.world.ledger.read(lambda db: drills(db, context.cluster.name, SWITCHING, limit=SHOWN))
    if noticed is None or back is None:
        raise StepFailed("The probe ended with the process that began it: what it noticed is not known. Drill again")
    outcome = _proof(context, noticed, there, back)
    told = history(held, context.world.now())
    return replace(outcome, found={**outcome.found, SWITCHES: told[HISTORY], MEASURED_AT: told[MEASURED_AT]})


def _proof(context: StepContext, noticed: Noticed, there: frozenset[int], back: float) -> StepOutcome:
    lost = sorted(set(noticed.acknowledged) - there)
    rows = count_text(len(noticed.acknowledged), "acknowledged row")
    if lost:
        which = ", ".join(str(one) for one in lost[:_SHOWN])
        raise StepFailed(f"{len(lost)} of {rows} of the probe are lost: {which}. Find out why before it is relied on")
    if noticed.read_back_late:
        raise StepFailed(f"{count_text(noticed.read_back_late, 'read')} of the probe did not show what it had written")
    longest = max(back, float(context.found.get(THERE, "0")))
    found = {BACK: f"{back:.2f}", OUTAGE: f"{longest:.2f}", ACKNOWLEDGED: str(len(noticed.acknowledged))}
    return StepOutcome(f"Every one of {rows} is there. Clients waited {seconds_text(back)} at most", found=found)


async def _until_ready(context: StepContext, plan: Plan) -> StepOutcome:
    """Waits until a switchover as the plan says could be asked for. Raises StepFailed with what speaks against it."""
    loop = asyncio.get_running_loop()
    until = loop.time() + time_of(context) - _AFTER_SECONDS
    while True:
        against = await _against(context, plan)
        if against is None:
            return StepOutcome(f"{plan.target} can take over from {plan.source}")
        if loop.time() > until:
            back = f"/ha promote {plan.cluster} {plan.target}"
            raise StepFailed(
                f"{plan.source} is the primary and stays so: {against}. Later, once that is mended: {back}"
            )
        context.say(f"Not yet: {against}")
        await asyncio.sleep(_PAUSE)


async def _against(context: StepContext, plan: Plan) -> str | None:
    state = await look(context.world, context.cluster)
    try:
        made = await Promote().plan(Meant(context.cluster, plan.target), state, context.world)
    except Misunderstood as nothing:
        return str(nothing).rstrip(".")
    if made.kind != Promotion.SWITCHOVER or made.source != plan.source:
        return f"that would be a {made.kind} from {made.source}"
    failed = [f"{check.title}: {check.evidence}" for check in made.failed_checks]
    return "; ".join(failed) or None


def _place(context: StepContext) -> HeartbeatPlace:
    if context.cluster.heartbeat is None:
        raise StepFailed(f"The settings have no [clusters.{context.cluster.name}.heartbeat] any more. Ask again.")
    return context.cluster.heartbeat


def _server(context: StepContext, name: str | None) -> Server:
    if name is None:
        raise StepFailed("This plan has no old primary. Ask again.")
    return context.cluster.server(name)


ACTIONS: Mapping[str, Action] = {
    BEGIN: Action(begin, untold, undo=stop, until=END, repeatable=True),
    READY: Action(see_ready, untold, repeatable=True, obstacle=lambda standing: None),
    TURN: Action(turn_round, untold, repeatable=True, obstacle=lambda standing: None),
    END: Action(end, untold, goes_on=True, repeatable=True, obstacle=lambda standing: None),
}
