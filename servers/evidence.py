"""What a judgement rests on, in plain words: one line a viewpoint, with who looked, from where, and what was seen."""

from collections.abc import Iterator

from servers.state import Answer, HostFacts, Outcome, PeerReply, Role
from servers.views import View


def evidence_of(views: tuple[View, ...]) -> tuple[str, ...]:
    """The lines for all servers."""
    return tuple(line for view in views for line in _lines(view))


def _lines(view: View) -> Iterator[str]:
    yield f"understudy by SQL to {view.name}: {_by_sql(view)}"
    if view.sql is None and view.last_role is not Role.UNKNOWN:
        yield f"understudy's memory of {view.name}: it was the {view.last_role} when it was last seen"
    if view.host is not None:
        yield f"{view.name} by SSH: {_by_ssh(view.host)}"
        yield from _own_tries(view, view.host)
    elif not view.ssh_answer.ok and view.ssh_answer.outcome is not Outcome.NOT_ASKED:
        yield f"understudy by SSH to {view.name}: {_failure(view.ssh_answer)}"
    if view.sql is not None and view.sql.in_recovery:
        yield f"{view.name}'s receiver: {_receiver(view)}"


def _by_sql(view: View) -> str:
    if view.sql is None:
        return _failure(view.sql_answer)
    role = "a standby" if view.sql.in_recovery else "a primary"
    seen = "" if view.sql.sees_everything else "; understudy's role there is not in pg_monitor and cannot see LSNs"
    return f"{role} on timeline {view.sql.timeline}{seen}"


def _by_ssh(host: HostFacts) -> str:
    if host.postmaster_pid is None:
        process = "no postmaster"
    else:
        process = "its postmaster is stopped" if host.postmaster_stopped else "its postmaster runs"
    told = f"pg_controldata says {host.control.state}" if host.control else "pg_controldata tells nothing"
    return "; ".join((process, told, *(("standby.signal is there",) if host.standby_signal else ())))


def _own_tries(view: View, host: HostFacts) -> Iterator[str]:
    for tried in host.peers:
        if tried.reply is not PeerReply.NOT_TRIED:
            whom = "itself" if tried.peer == view.name else tried.peer
            yield f"{view.name}'s own try of {whom}: {tried.reply}"


def _receiver(view: View) -> str:
    if view.receiver is None:
        return "gone"
    age = view.receiver.last_message_age_seconds
    heard = "" if age is None else f", last message {age:.1f} s ago"
    return f"{view.receiver.status}{heard}"


def _failure(answer: Answer) -> str:
    return f"{answer.outcome}: {answer.detail}" if answer.detail else str(answer.outcome)
