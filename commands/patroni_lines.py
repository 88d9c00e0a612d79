"""What Patroni says, in the status of a cluster that it runs."""

from ledger.page import Facts, Part, text
from ledger.quantities import bytes_text
from servers.patroni_state import PatroniMember, PatroniState
from servers.state import ClusterState, Role


def patroni_lines(state: ClusterState | None) -> tuple[Part, ...]:
    """Nothing where Patroni does not run the cluster. What it does not say is unknown, never well."""
    patroni = state.patroni if state else None
    if state is None or patroni is None:
        return ()
    if not patroni.answer.ok:
        return (text(f"Patroni cannot be asked: {patroni.answer.how}. Who leads by its word is unknown."),)
    wrong = mismatch(state, patroni)
    pairs = (
        ("Patroni", (_leader(patroni),)),
        *((member.name, (_member(member),)) for member in patroni.members),
        ("Pause", ("paused: Patroni does nothing by itself" if patroni.paused else "no",)),
        ("Synchronous mode", ("on" if patroni.config.synchronous_mode else "off",)),
        ("Lag limit", (bytes_text(patroni.config.maximum_lag_on_failover),)),
        *(_scheduled(patroni)),
    )
    return (*((text(wrong),) if wrong else ()), Facts(pairs))


def mismatch(state: ClusterState, patroni: PatroniState) -> str:
    """Where PostgreSQL says something else than Patroni; '' where they agree."""
    primaries = [one.name for one in state.servers if one.sql is not None and one.role is Role.PRIMARY]
    leader = patroni.leader.name if patroni.leader else None
    if primaries == ([leader] if leader else []):
        return ""
    return (
        f"Patroni and PostgreSQL do not agree: by Patroni {leader or 'nobody'} leads, "
        f"by SQL {', '.join(primaries) or 'nobody'} takes writes."
    )


def _leader(patroni: PatroniState) -> str:
    return f"{patroni.leader.name} leads" if patroni.leader else "nobody leads"


def _member(member: PatroniMember) -> str:
    lag = "" if member.leads else f", lag {bytes_text(member.lag) if member.lag is not None else 'unknown'}"
    restart = ", needs a restart" if member.pending_restart else ""
    return f"{member.role}, {member.state}, timeline {member.timeline or 'unknown'}{lag}{restart}"


def _scheduled(patroni: PatroniState) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = patroni.scheduled
    if found is None:
        return ()
    return (("Scheduled", (f"switchover to {found.target or 'any member'} at {found.at:%Y-%m-%d %H:%M:%S} UTC",)),)
