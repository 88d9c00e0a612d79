"""Deeds that are filled in as a form: no plan, and nobody has to approve, but more to say than fits a line."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from commands import answers
from commands.asked import Answer, Asked, FieldErrors, Form
from commands.authority import may
from commands.command import Command, Deed, Misunderstood
from commands.people import Person
from commands.records import Repeated, record
from commands.world import World
from ledger.audit import AuditKind
from ledger.page import Page


@runtime_checkable
class FilledDeed(Deed, Protocol):
    """A deed with a form, whose draft is the deed's name."""

    def form(self, words: Sequence[str], world: World) -> Form | None:
        """What is to be filled in; None where the words say it all. Instant, no I/O."""
        ...

    async def fill(self, asked: Asked, person: Person, values: Mapping[str, str], world: World) -> Page | FieldErrors:
        """Does it as `do` would, by what was filled in; or says what is wrong with the fields. Raises Misunderstood,
        and Repeated for a second delivery."""
        ...


class Filling:
    """Takes what was filled in: rights are those of this moment."""

    def __init__(self, world: World, commands: Mapping[str, Command]) -> None:
        self._world = world
        self._deeds = {name: command for name, command in commands.items() if isinstance(command, FilledDeed)}

    def is_draft(self, draft: str) -> bool:
        """Whether a form with that draft is a deed's."""
        return draft in self._deeds

    async def submit(self, asked: Asked, draft: str, values: Mapping[str, str]) -> Answer | FieldErrors:
        deed = self._deeds[draft]
        person = await self._world.directory.person(asked.person_id, afresh=True)
        asked = replace(asked, person_id=person.id, person_name=person.name)
        ruling = may(self._world.policies, person, deed.right)
        try:
            if not ruling.allowed:
                details = {"command": deed.name, "why": ruling.line}
                await self._world.ledger.write(
                    lambda db: record(db, asked, "submit", AuditKind.REFUSAL, None, details).sequence
                )
                return answers.refused(ruling.line)
            done = await deed.fill(asked, person, values, self._world)
        except Misunderstood as misunderstood:
            return answers.misunderstood(str(misunderstood))
        except Repeated:
            return answers.done("This was done already", "Your form was delivered twice and counted once.")
        return done if isinstance(done, FieldErrors) else Answer(done)
