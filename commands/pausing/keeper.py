"""Carries out what maintenance wants of Patroni: intent committed before it is asked, result after, and tried again.

What was done is in the ledger alone, so that a restart, a second bot, or a terminal beside the bot goes on from there.
"""

import asyncio

import structlog
from sqlite_utils import Database

from commands.maintenance_page import redraw
from commands.pausing.decision import Ask, End, Hindered, Settle, Wait, decide
from commands.pausing.words import trouble, trouble_card, trouble_page
from commands.records import record_own, show
from commands.world import World
from ledger import patroni_pauses
from ledger.audit import AuditKind
from ledger.errors import LedgerError
from ledger.maintenance import in_maintenance
from ledger.patroni_pauses import PatroniPause, PauseState, open_pause
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.patroni_state import PatroniState
from servers.state import ClusterState
from servers.verdict import Judgement

CALL_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class PauseKeeper:
    """Weighs looks. What is to be done takes its time in a task of its own: the next look does not wait for it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def see(self, cluster: Cluster, state: ClusterState, judgement: Judgement) -> None:
        """Weighs one look. Raises LedgerError; nothing has been done then."""
        said, now = state.patroni, self._world.now()
        if said is None or cluster.name not in self._world.patroni or cluster.name in self._tasks:
            return
        pause, at_work = await self._world.ledger.read(
            lambda db: (open_pause(db, cluster.name), in_maintenance(db, cluster.name, now) is not None)
        )
        move = decide(pause, at_work, said, now)
        if not isinstance(move, Wait) and not (isinstance(move, Hindered) and pause is not None and pause.note):
            self._tasks[cluster.name] = asyncio.create_task(self._keep(cluster))

    async def close(self) -> None:
        """Ends what is under way; the ledger knows where it stands."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, cluster: Cluster) -> None:
        try:
            await keep_pause(self._world, cluster)
        except LedgerError as error:
            _log.error("patroni's pause is not kept: the ledger failed", cluster=cluster.name, error=str(error))
        except Exception:
            _log.exception("patroni's pause could not be kept", cluster=cluster.name)
        finally:
            self._tasks.pop(cluster.name, None)


async def keep_pause(world: World, cluster: Cluster) -> PatroniPause | None:
    """One step towards what is wanted, from a look of its own; how things stand then.

    Raises LedgerError: before Patroni was asked, or when its answer could not be written down.
    """
    engine = world.patroni[cluster.name]
    said = await engine.look()
    pause, ask = await world.ledger.write(lambda db: _move(db, world, cluster, said))
    if pause is None or ask is None:
        return pause
    try:
        done = await (engine.pause(timeout=CALL_SECONDS) if ask.pause else engine.resume(timeout=CALL_SECONDS))
    except ActionFailed as failed:
        line = str(failed)
        return await world.ledger.write(lambda db: _failed(db, world, cluster, pause, line))
    return await world.ledger.write(lambda db: _done(db, world, cluster, pause, ask, done.detail))


def _move(db: Database, world: World, cluster: Cluster, said: PatroniState) -> tuple[PatroniPause | None, Ask | None]:
    """Decides within the transaction that writes it down: another process may have come in between."""
    now = world.now()
    pause, at_work = open_pause(db, cluster.name), in_maintenance(db, cluster.name, now) is not None
    move = decide(pause, at_work, said, now)
    if isinstance(move, Wait):
        return pause, None
    before = pause or patroni_pauses.want(db, cluster.name, now)
    match move:
        case Ask(pause=to_pause):
            state = PauseState.PAUSING if to_pause else PauseState.RESUMING
            after = patroni_pauses.asked(db, before, state, now)
            call = 'PATCH /config {"pause": true}' if to_pause else 'PATCH /config {"pause": null}'
            _record(db, world, cluster, after, f"intent: {call}")
            _draw(db, world, cluster, before, after)
            return after, move
        case Settle(state, note):
            after = patroni_pauses.settle(db, before, state, note)
            _record(db, world, cluster, after, note or "Patroni says that it is paused")
        case End(note):
            after = patroni_pauses.end(db, before, note, now)
            _record(db, world, cluster, after, f"over: {note}")
        case Hindered(why):
            after = _hindered(db, world, cluster, before, why)
    _draw(db, world, cluster, before, after)
    return after, None


def _hindered(db: Database, world: World, cluster: Cluster, pause: PatroniPause, why: str) -> PatroniPause:
    """Told once: what hinders it may last for hours."""
    if pause.note:
        return pause
    after = patroni_pauses.note(db, pause, why)
    _record(db, world, cluster, after, f"Patroni does not answer: {why}")
    return after


def _failed(db: Database, world: World, cluster: Cluster, pause: PatroniPause, line: str) -> PatroniPause:
    after = patroni_pauses.note(db, pause, line)
    _record(db, world, cluster, after, f"result: failed: {line}")
    _draw(db, world, cluster, pause, after)
    return after


def _done(db: Database, world: World, cluster: Cluster, pause: PatroniPause, ask: Ask, detail: str) -> PatroniPause:
    """Paused is held by us from now on, even when maintenance has ended meanwhile: then the next step resumes it."""
    before = open_pause(db, cluster.name) or pause
    if ask.pause:
        after = patroni_pauses.settle(db, before, PauseState.HELD)
    else:
        after = patroni_pauses.end(db, before, "it acts by itself again", world.now())
    _record(db, world, cluster, after, f"result: {detail}")
    _draw(db, world, cluster, before, after)
    return after


def _draw(db: Database, world: World, cluster: Cluster, before: PatroniPause, after: PatroniPause) -> None:
    now = world.now()
    redraw(db, cluster.name, after, now)
    if trouble(before) or trouble(after):
        show(db, now, cluster.channel, trouble_card(after), trouble_page(after))


def _record(db: Database, world: World, cluster: Cluster, pause: PatroniPause, what: str) -> None:
    details = {"pause": pause.id, "state": pause.state.value, "try": pause.tries, "what": what}
    record_own(db, world.now(), AuditKind.PATRONI_PAUSE, cluster.name, cluster.channel, details)
