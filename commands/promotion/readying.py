"""The last thing before a switchover's outage: a checkpoint, and a standby that has kept up and has room.

A checkpoint may take minutes after the approval. What the standby lacks by then would be waited for while clients wait,
and then the stop would have to be taken back.
"""

import asyncio

from commands.acting import engine_says, server_of, time_of
from commands.answering import while_it_answers
from commands.command import StepContext, StepFailed, StepOutcome
from commands.looking import look, survey
from commands.plan import CheckResult
from commands.promotion.checks import has_room
from ledger.quantities import seconds_text
from servers.lsn import Lsn, format_lsn
from servers.state import ServerState, SqlFacts

KEEPS_UP = 15.0  # seconds for the standby to replay what was there when the checkpoint was done
LOOK_PAUSE = 0.2  # seconds

_UNTOUCHED = "Nothing was stopped."


async def checkpoint(context: StepContext, *, patience: float = KEEPS_UP) -> StepOutcome:
    """Raises StepFailed where the standby is not level within `patience` seconds, or has no room."""
    written = await while_it_answers(
        context, engine_says(context.world.engine.checkpoint(server_of(context), timeout=time_of(context)))
    )
    replayed = await _keeps_up(context, patience)
    return StepOutcome(f"{written.detail}; {context.plan.target} has replayed {format_lsn(replayed)}")


async def _keeps_up(context: StepContext, patience: float) -> Lsn:
    """How far the standby has replayed, which is no less than where the primary was."""
    world, cluster, target = context.world, context.cluster, context.plan.target
    loop = asyncio.get_running_loop()
    began = loop.time()
    state = await look(world, cluster)
    room = has_room(state.server(target))
    if room.result is CheckResult.FAIL:
        raise StepFailed(f"{room.title}: {room.evidence}. {_UNTOUCHED}")
    wanted = _written(state.server(context.step.server))
    while True:
        standby = state.server(target)
        if standby.sql is not None and standby.sql.replay_lsn is not None and standby.sql.replay_lsn >= wanted:
            return standby.sql.replay_lsn
        paused = standby.sql is not None and standby.sql.replay_paused
        if paused or loop.time() - began >= patience:
            waited = "" if paused else f" within {seconds_text(patience)}"
            raise StepFailed(
                f"{target} has not replayed up to {format_lsn(wanted)}{waited}: {_why(standby)}. {_UNTOUCHED}"
            )
        context.say(f"{target} is not level yet: {_why(standby)}")
        await asyncio.sleep(LOOK_PAUSE)
        state = await survey(world, cluster)


def _written(primary: ServerState) -> Lsn:
    if primary.sql is None or primary.sql.wal_lsn is None:
        how = primary.sql_answer.how if primary.sql is None else "it is no primary any more"
        raise StepFailed(f"After the checkpoint {primary.name} does not say how far it is: {how}. {_UNTOUCHED}")
    return primary.sql.wal_lsn


def _why(standby: ServerState) -> str:
    if standby.sql is None:
        return f"it does not answer by SQL ({standby.sql_answer.how})"
    return _what_holds_it_up(standby.sql)


def _what_holds_it_up(sql: SqlFacts) -> str:
    if sql.replay_paused:
        return "replay is paused"
    if sql.receiver is None:
        return "it does not stream"
    at = "nothing" if sql.replay_lsn is None else format_lsn(sql.replay_lsn)
    return f"it is {sql.receiver.status}, and has replayed {at}"
