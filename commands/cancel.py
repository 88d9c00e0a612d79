"""`/ha cancel [operation]`: stops an order before its next step; what was done is taken back where the plan says so."""

from collections.abc import Sequence

from commands.asked import Decision
from commands.authority import VIEW
from commands.command import Misunderstood
from commands.orders import OPEN
from commands.parse import COMMAND
from commands.world import World
from ledger.operations import list_operations


class Cancel:
    """The command. Everybody may type it: whether one may cancel that operation is decided with it."""

    name = "cancel"
    usage = "cancel [operation]"
    summary = "Stop an order that waits for approval or runs, before its next step"
    right = VIEW
    decision = Decision.CANCEL

    async def operation(self, arguments: Sequence[str], world: World) -> str:
        """The one that was named, else the only one that is open. Raises Misunderstood."""
        if len(arguments) > 1:
            raise Misunderstood(f"One operation at a time. Type: {COMMAND} {self.usage}")
        if arguments:
            return arguments[0].upper()
        standing = await world.ledger.read(lambda db: list_operations(db, states=OPEN))
        if not standing:
            raise Misunderstood(f"No operation is open, so there is nothing to cancel. See {COMMAND} operations")
        if len(standing) > 1:
            known = ", ".join(f"{one.id} ({one.kind} of {one.cluster})" for one in standing)
            raise Misunderstood(f"Which operation? Open are {known}. Type: {COMMAND} {self.usage}")
        return standing[0].id
