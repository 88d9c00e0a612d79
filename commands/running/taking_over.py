"""Somebody at a terminal asks that an operation which was left be carried on there: the bot, which does that by itself,
may be down."""

from contextlib import suppress
from dataclasses import replace

from commands import answers
from commands.asked import Answer, Asked
from commands.authority import may_cancel
from commands.document import read_document
from commands.orders import requester_of, terms
from commands.records import Repeated, record
from commands.running.recovery import Recovery
from commands.world import World
from ledger.audit import AuditKind
from ledger.page import Tone


class Resuming:
    """Whoever may stop an operation may carry it on as it was approved, and nobody else."""

    def __init__(self, world: World, recovery: Recovery) -> None:
        self._world = world
        self._recovery = recovery

    async def resume(self, asked: Asked, operation_id: str) -> Answer:
        """Comes back once this process has taken it over; it goes on by itself."""
        operation = next((one for one in await self._recovery.abandoned() if one.id == operation_id), None)
        if operation is None:
            line = f"Operation {operation_id} was not left: it has ended, or a process that lives carries it on."
            return await self._refuse(asked, answers.nothing_done(line))
        person = await self._world.directory.person(asked.person_id, afresh=True)
        requester = await self._world.directory.person(operation.requester.id, afresh=True)
        asked = replace(asked, person_id=person.id, person_name=person.name)
        document = read_document(operation.plan)
        policy = terms(self._world.policies, document, self._world.now())
        human = requester_of({requester.id: requester}, operation, document)
        if not may_cancel(policy, person, human).allowed:
            line = "Only the person who asked and those who may approve can carry this on."
            return await self._refuse(asked, answers.refused(line))
        details = {"command": "resume", "operation": operation_id}
        with suppress(Repeated):
            await self._world.ledger.write(
                lambda db: record(db, asked, "ask", AuditKind.COMMAND, operation.cluster, details).sequence
            )
        await self._recovery.carry_on(operation_id)
        return answers.done(
            f"Operation {operation_id} is carried on here", "It goes on as far as the servers allow.", tone=Tone.RUNNING
        )

    async def _refuse(self, asked: Asked, answer: Answer) -> Answer:
        details = {"command": "resume", "why": answer.page.summary}
        with suppress(Repeated):
            await self._world.ledger.write(
                lambda db: record(db, asked, "ask", AuditKind.REFUSAL, None, details).sequence
            )
        return answer
