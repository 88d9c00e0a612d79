"""What Patroni says of a cluster that it runs: who leads, how its members are, whether it is paused or lacks its DCS.

Nothing is observed of a cluster that Patroni does not run. Where Patroni does not answer, all but that is unknown.
"""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit, yes
from alerts.probes.visibility import NOT_SEEN
from servers.patroni_state import PatroniMember, PatroniState
from servers.state import Outcome

PATRONI_ACTIVE = "patroni_active"
PATRONI_LEADER = "patroni_leader"
PATRONI_MEMBER = "patroni_member"
PATRONI_DCS = "patroni_dcs"

SUBJECT = "Patroni"


def patroni(look: Look) -> tuple[Observation, ...]:
    """`patroni_active`, `patroni_leader`, `patroni_dcs` and `not_seen` of Patroni, `patroni_member` of each server; yes
    or no, but for `not_seen`, which counts."""
    if look.cluster.patroni is None:
        return ()
    return tuple(_observations(look, look.state.patroni))


def _observations(look: Look, said: PatroniState | None) -> Iterator[Observation]:
    known = said if said is not None and said.answer.ok else None
    yield _of_cluster(PATRONI_ACTIVE, None if known is None else _active(look, known), "Patroni says: paused")
    yield _of_cluster(PATRONI_LEADER, None if known is None else known.leader is not None, *_members(known))
    yield _of_cluster(PATRONI_DCS, _has_dcs(said), *_dcs_lines(said))
    yield _not_seen(said)
    for server in look.cluster.servers:
        well, line = (None, "") if known is None else _member(known, server.name)
        lines = (line,) if line else ()
        yield Observation(PATRONI_MEMBER, server.name, yes(well), Unit.YES_OR_NO, lines, server.name)


def _of_cluster(name: str, answer: bool | None, *evidence: str) -> Observation:
    return Observation(name, SUBJECT, yes(answer), Unit.YES_OR_NO, evidence)


def _active(look: Look, said: PatroniState) -> bool | None:
    """A pause in maintenance is as it should be, and yet not active: it is not judged."""
    if not said.paused:
        return True
    return None if look.at_work else False


def _has_dcs(said: PatroniState | None) -> bool | None:
    """What Patroni says of the cluster is read from its DCS at that moment. Where it answers, but not that, it has
    none."""
    if said is None:
        return None
    if said.answer.ok:
        return True
    return None if said.dcs_seen_at is None else False


def _dcs_lines(said: PatroniState | None) -> tuple[str, ...]:
    if said is None or said.answer.ok or said.dcs_seen_at is None:
        return ()
    return (
        f"Patroni answers, and tells nothing of the cluster: {said.answer.how}",
        f"it has last reached its DCS at {said.dcs_seen_at:%H:%M:%S} UTC by its own clock",
    )


def _not_seen(said: PatroniState | None) -> Observation:
    if said is None or said.answer.outcome is Outcome.NOT_ASKED:
        return Observation(NOT_SEEN, SUBJECT, None, Unit.COUNT)
    lines = () if said.answer.ok else (said.answer.how,)
    return Observation(NOT_SEEN, SUBJECT, float(len(lines)), Unit.COUNT, lines)


def _members(said: PatroniState | None) -> tuple[str, ...]:
    members = said.members if said is not None else ()
    return tuple(f"{one.name}: {one.role.replace('_', ' ')}, {one.state or 'in an unknown state'}" for one in members)


def _member(said: PatroniState, name: str) -> tuple[bool | None, str]:
    """Whether it is well, and what Patroni says of it."""
    member = said.member(name)
    if member is None:
        return False, f"Patroni does not list {name}: its Patroni does not run, or has lost the DCS"
    return _is_well(said, member), f"Patroni says that {name} is {member.state or 'in a state that it does not name'}"


def _is_well(said: PatroniState, member: PatroniMember) -> bool | None:
    if not member.state:
        return None
    if member.leads or member.streams:
        return member.healthy
    # Without a leader there is nothing to stream from: that is no fault of the member.
    return None if member.healthy and said.leader is None else False
