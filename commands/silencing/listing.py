"""`/ha silences`: those that hold now."""

from collections.abc import Sequence

from commands.asked import Asked
from commands.authority import VIEW
from commands.command import Misunderstood
from commands.parse import COMMAND, echo
from commands.people import Person
from commands.silencing.pages import list_page
from commands.world import World
from ledger.page import Page
from ledger.silences import silences


class Silences:
    """The view of what is not told."""

    name = "silences"
    usage = "silences"
    summary = "What is not to be told, who wants that, why and until when; add and end"
    right = VIEW

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        if arguments:
            raise Misunderstood(
                f"“{echo(arguments[0])}” is nothing that silences can do. Type: {COMMAND} silences, "
                f"{COMMAND} silences add or {COMMAND} silences end"
            )
        now = world.now()
        return list_page(await world.ledger.read(lambda db: silences(db, now)))
