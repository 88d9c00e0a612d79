"""Whether a standby's receiver hears anything of its primary."""

from alerts.observation import Look, Observation, Unit
from ledger.quantities import seconds_text
from servers.state import Role, ServerState

RECEIVER_SILENT = "receiver_silent_seconds"


def receiver(look: Look) -> tuple[Observation, ...]:
    """`receiver_silent_seconds` of each server: since the last message from the primary, which sends some when it is
    idle as well. Unknown without a receiver; zero at a primary, so that an alert ends with a change of roles."""
    return tuple(_of(server) for server in look.state.servers)


def _of(server: ServerState) -> Observation:
    if server.role is Role.PRIMARY:
        return Observation(RECEIVER_SILENT, server.name, 0.0, Unit.SECONDS, (), server.name)
    seen = server.sql.receiver if server.sql is not None else None
    age = seen.last_message_age_seconds if seen is not None else None
    if seen is None or age is None:
        return Observation(RECEIVER_SILENT, server.name, None, Unit.SECONDS, (), server.name)
    source = f"{seen.sender_host}:{seen.sender_port}" if seen.sender_host else "its primary"
    line = f"the receiver of {server.name} is {seen.status}, the last message of {source} came {seconds_text(age)} ago"
    return Observation(RECEIVER_SILENT, server.name, age, Unit.SECONDS, (line,), server.name)
