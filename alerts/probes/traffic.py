"""Where clients are led: whether they are held, and whether they reach the primary."""

from alerts.observation import Look, Observation, Unit, yes
from servers.state import Role, TargetView

CLIENTS_GO_ON = "clients_go_on"
LEADS_TO_PRIMARY = "leads_to_primary"


def traffic(look: Look) -> tuple[Observation, ...]:
    """`clients_go_on` and `leads_to_primary` of each traffic target, yes or no.

    Unknown where the target does not answer; where it leads is unknown too while it leads to none of the servers or to
    several, or while not exactly one server says that it is a primary.
    """
    primary = primary_of(look)
    return tuple(one for target in look.state.traffic for one in _of_target(target, primary))


def _of_target(target: TargetView, primary: str | None) -> tuple[Observation, ...]:
    known = target.answer.ok
    evidence = (f"{target.name} ({target.kind}): {target.detail or target.answer.how}",)
    leads = target.server == primary if known and target.server is not None and primary is not None else None
    where = evidence if primary is None else (*evidence, f"the primary is {primary}")
    return (
        Observation(CLIENTS_GO_ON, target.name, yes(not target.held if known else None), Unit.YES_OR_NO, evidence),
        Observation(LEADS_TO_PRIMARY, target.name, yes(leads), Unit.YES_OR_NO, where),
    )


def primary_of(look: Look) -> str | None:
    """The one server that says of itself that it is a primary."""
    primaries = [server.name for server in look.state.servers if server.role is Role.PRIMARY]
    return primaries[0] if len(primaries) == 1 else None
