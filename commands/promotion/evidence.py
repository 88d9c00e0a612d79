"""What speaks for it that the primary is down: one check a viewpoint, and how many of them agree.

Viewpoints: this bot's SQL, this bot's SSH (what the host says, or its silence; silence on both ways counts once), and
of each standby its receiver and its own try; a witness, where the cluster has one.
"""

from collections.abc import Iterator

from commands.plan import Check
from commands.promotion.pair import Pair, failed, judged, passed, warned
from ledger.quantities import count_text
from servers.state import Outcome, PeerReply, Receiver, ServerState
from servers.topology import upstream_of

ENOUGH = 3  # viewpoints that must agree

_NO_ANSWER = (Outcome.TIMED_OUT, Outcome.UNREACHABLE)  # it may be our own way that is cut
_SILENT = (PeerReply.NO_RESPONSE, PeerReply.REJECTING)


def down_checks(pair: Pair) -> tuple[Check, ...]:
    """The evidence, what this bot sees first."""
    old, sql = pair.source.name, pair.old.sql_answer
    by_sql = judged("down_sql", f"{old} does not answer by SQL", not sql.ok, sql.how, f"{old} is up")
    others = (_down_by_standby(pair, name, f"down_{name}") for name in pair.others if pair.state.server(name).sql)
    by_target = _down_by_standby(pair, pair.target.name, "down_standby")
    return (by_sql, _down_by_ssh(pair), by_target, *others, *_down_by_witness(pair), _enough(pair))


def viewpoints(pair: Pair) -> tuple[str, ...]:
    """Those that agree that the primary is down, in words."""
    return tuple(_agreeing(pair))


def _agreeing(pair: Pair) -> Iterator[str]:
    old = pair.source.name
    if not pair.old.sql_answer.ok:
        yield "understudy's SQL"
    host = pair.old.host
    if host is None:
        if pair.old.sql_answer.outcome not in _NO_ANSWER or pair.old.ssh_answer.outcome not in _NO_ANSWER:
            yield "understudy's SSH"
    elif host.postmaster_pid is None or host.postmaster_stopped or host.peer(old) in _SILENT:
        yield f"the host of {old} itself"
    for name in (pair.target.name, *pair.others):
        state = pair.state.server(name)
        if state.sql is not None and state.sql.in_recovery and not _hears(pair, state):
            yield f"{name}'s receiver"
        if state.host is not None and state.host.peer(old) in _SILENT:
            yield f"{name}'s own try"
    if pair.state.witness is not None and pair.state.witness.reply(old) in _SILENT:
        yield "the witness"


def _enough(pair: Pair) -> Check:
    agreeing = viewpoints(pair)
    title = f"At least {ENOUGH} viewpoints agree that {pair.source.name} is down"
    evidence = f"{count_text(len(agreeing), 'viewpoint')}: {', '.join(agreeing) or 'none'}"
    mend = "Mend SSH to the standby, or give the cluster a witness"
    return judged("viewpoints", title, len(agreeing) >= ENOUGH, evidence, mend)


def _down_by_ssh(pair: Pair) -> Check:
    old = pair.source.name
    title = f"No PostgreSQL on the host of {old}"
    host = pair.old.host
    if host is None:
        return warned("down_ssh", title, f"not known; SSH {pair.old.ssh_answer.how}")
    if host.postmaster_pid is None:
        state = f", pg_controldata says “{host.control.state}”" if host.control else ""
        return passed("down_ssh", title, f"no postmaster{state}")
    what = "is stopped or hangs" if host.postmaster_stopped else "is there"
    return warned("down_ssh", title, f"postmaster {host.postmaster_pid} {what}; fencing ends it")


def _down_by_standby(pair: Pair, standby: str, name: str) -> Check:
    """What a standby itself sees: its receiver, and its own try to reach the primary."""
    old, state = pair.source.name, pair.state.server(standby)
    title = f"{standby} does not reach {old}"
    receiver = _receiver(state)
    reply = state.host.peer(old) if state.host else PeerReply.NOT_TRIED
    behind = upstream_of(pair.cluster, pair.state, standby)
    via = f" (from {behind})" if receiver is not None and behind not in (old, None) else ""
    evidence = f"receiver: {receiver.status if receiver else 'none'}{via}; its own try: {reply}"
    if reply is PeerReply.ACCEPTING:
        return failed(name, title, f"{evidence}. {old} takes connections from {standby}: this is no failover")
    if reply is PeerReply.NOT_TRIED and _hears(pair, state):
        return failed(name, title, f"{evidence}. {standby} still streams from {old}")
    return warned(name, title, evidence) if reply is PeerReply.NOT_TRIED else passed(name, title, evidence)


def _down_by_witness(pair: Pair) -> Iterator[Check]:
    witness, old = pair.state.witness, pair.source.name
    if pair.cluster.witness is None:
        return
    title = f"The witness does not reach {old}"
    if witness is None or not witness.answer.ok:
        how = witness.answer.how if witness is not None else "it was not asked"
        yield warned("down_witness", title, f"not known; SSH to the witness: {how}")
        return
    reply = witness.reply(old)
    if reply is PeerReply.ACCEPTING:
        mend = f"{old} takes connections from there: this is no failover"
        yield failed("down_witness", title, f"its own try: {reply}. {mend}")
    elif reply is PeerReply.NOT_TRIED:
        yield warned("down_witness", title, "it could not try: it has neither pg_isready nor bash, or knows no address")
    else:
        yield passed("down_witness", title, f"its own try: {reply}")


def _receiver(state: ServerState) -> Receiver | None:
    return state.sql.receiver if state.sql else None


def _hears(pair: Pair, state: ServerState) -> bool:
    """It streams, and from nobody else that is known."""
    receiver = _receiver(state)
    upstream = upstream_of(pair.cluster, pair.state, state.name)
    return receiver is not None and receiver.status == "streaming" and upstream in (pair.source.name, None)
