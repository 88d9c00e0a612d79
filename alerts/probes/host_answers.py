"""Whether a host answers at all, to anybody, and in time."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit, yes
from alerts.probes.of_hosts import hosts
from alerts.probes.visibility import NOT_SEEN
from servers.state import Answer, Outcome, PeerReply, ServerState
from servers.watching.hosts.facts import HostWatch

HOST_ANSWERS = "host_answers"
HOST_TIMEOUTS = "host_timeouts"

# Whoever refuses, denies or is starting up is there.
_IN_A_ROW = 2
_SILENT = (Outcome.TIMED_OUT, Outcome.UNREACHABLE)


def host_answers(look: Look) -> tuple[Observation, ...]:
    """`host_answers` of each server, yes or no; `host_timeouts`, how many of the slow look's last ones at its host got
    no answer in time; and `not_seen` where the slow look alone fails.

    "No" takes two viewpoints: neither SQL nor SSH gets any sign of life from here, nor does another server or the
    witness. What only we cannot reach stays unknown.
    """
    return (
        *(_answers(look, server) for server in look.state.servers),
        *(one for host in hosts(look) for one in _of_slow_look(look, host)),
    )


def _answers(look: Look, server: ServerState) -> Observation:
    evidence = (f"SSH: {server.ssh_answer.how}", f"SQL: {server.sql_answer.how}", *_others(look, server))
    return Observation(HOST_ANSWERS, server.name, yes(_alive(look, server)), Unit.YES_OR_NO, evidence, server.name)


def _alive(look: Look, server: ServerState) -> bool | None:
    answers = (server.ssh_answer, server.sql_answer)
    if server.sql is not None or server.host is not None or any(_life(answer) for answer in answers):
        return True
    if not all(answer.outcome in _SILENT for answer in answers):
        return None
    replies = _replies(look, server)
    if any(reply in (PeerReply.ACCEPTING, PeerReply.REJECTING) for _, reply in replies):
        return True
    return False if any(reply is PeerReply.NO_RESPONSE for _, reply in replies) else None


def _life(answer: Answer) -> bool:
    return answer.outcome in (Outcome.ANSWERED, Outcome.REFUSED, Outcome.STARTING)


def _replies(look: Look, server: ServerState) -> tuple[tuple[str, PeerReply], ...]:
    others = [other for other in look.state.servers if other.name != server.name]
    replies = [(other.name, other.host.peer(server.name)) for other in others if other.host is not None]
    if look.state.witness is not None and look.state.witness.answer.ok:
        replies.append(("the witness", look.state.witness.reply(server.name)))
    return tuple(replies)


def _others(look: Look, server: ServerState) -> Iterator[str]:
    for name, reply in _replies(look, server):
        yield f"tried from {name}: {reply}"


def _of_slow_look(look: Look, host: HostWatch) -> Iterator[Observation]:
    lines = (f"{host.timeouts} of the last {host.looks} looks a minute apart got no answer in time",)
    yield Observation(HOST_TIMEOUTS, host.server, float(host.timeouts), Unit.COUNT, lines, host.server)
    seen = next((server for server in look.state.servers if server.name == host.server), None)
    # Once is a connection that broke off; and a host that SSH does not reach at all is told already.
    blind = host.failures >= _IN_A_ROW and seen is not None and seen.host is not None
    yield Observation(
        NOT_SEEN,
        f"{host.server} host",
        float(blind),
        Unit.COUNT,
        (f"slow look at the host by SSH: {host.answer.how}",) if blind else (),
        host.server,
    )
