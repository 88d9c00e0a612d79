"""What a judgement rests on, in plain words: one line a viewpoint, with who looked, from where, and what was seen.

Somebody reads this on a phone at night: what is wrong comes first, and what only repeats that a server is well is
left out.
"""

from collections.abc import Iterator
from enum import IntEnum

from servers.state import HostFacts, Outcome, PeerReply, Role, WitnessView
from servers.views import View


class _Weight(IntEnum):
    """The order of the lines."""

    WRONG = 0
    WELL = 1
    REMEMBERED = 2


_Weighed = tuple[_Weight, str]


def evidence_of(views: tuple[View, ...], witness: WitnessView | None = None) -> tuple[str, ...]:
    """The lines for all servers, what is wrong first; each server has at least one."""
    speaking = frozenset(view.name for view in views if view.speaks)
    weighed = [*(line for view in views for line in _lines(view, speaking)), *_witnessed(witness, speaking)]
    return tuple(line for _, line in sorted(weighed, key=lambda line: line[0]))


def _lines(view: View, speaking: frozenset[str]) -> Iterator[_Weighed]:
    well = view.sql is not None and view.sql.sees_everything
    yield _weight(well), f"understudy by SQL to {view.name}: {_by_sql(view)}"
    if view.host is not None:
        # That a server which speaks has a postmaster is no news.
        if not view.speaks or not view.alive:
            yield _Weight.WRONG, f"{view.name} by SSH: {_by_ssh(view.host)}"
        yield from _own_tries(view, view.host, speaking)
    elif not view.ssh_answer.ok and view.ssh_answer.outcome is not Outcome.NOT_ASKED:
        yield _Weight.WRONG, f"understudy by SSH to {view.name}: {view.ssh_answer.how}"
    if view.sql is not None and view.sql.in_recovery:
        yield _weight(view.streams is True), f"{view.name}'s receiver: {_receiver(view)}"
    if view.sql is None and view.control is None and view.last_role is not Role.UNKNOWN:
        yield _Weight.REMEMBERED, f"understudy's memory of {view.name}: the {view.last_role} when it was last seen"


def _witnessed(witness: WitnessView | None, speaking: frozenset[str]) -> Iterator[_Weighed]:
    if witness is None:
        return
    if not witness.answer.ok:
        yield _Weight.WRONG, f"understudy by SSH to the witness: {witness.answer.how}"
    for tried in witness.tries:
        no_news = tried.reply is PeerReply.ACCEPTING and tried.peer in speaking
        if tried.reply is not PeerReply.NOT_TRIED and not no_news:
            yield _Weight.WRONG, f"the witness's try of {tried.peer}: {tried.reply}"


def _weight(well: bool) -> _Weight:
    return _Weight.WELL if well else _Weight.WRONG


def _by_sql(view: View) -> str:
    if view.sql is None:
        return view.sql_answer.how
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


def _own_tries(view: View, host: HostFacts, speaking: frozenset[str]) -> Iterator[_Weighed]:
    for tried in host.peers:
        no_news = tried.reply is PeerReply.ACCEPTING and tried.peer in speaking
        if tried.reply is not PeerReply.NOT_TRIED and not no_news:
            whom = "itself" if tried.peer == view.name else tried.peer
            yield _Weight.WRONG, f"{view.name}'s own try of {whom}: {tried.reply}"


def _receiver(view: View) -> str:
    if view.receiver is None:
        return "gone"
    age = view.receiver.last_message_age_seconds
    heard = "" if age is None else f", last message {age:.1f} s ago"
    return f"{view.receiver.status}{heard}"
