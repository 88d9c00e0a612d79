"""What cannot be seen: "unknown" is a state of its own, and never reads as healthy or as down."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import watched_of
from servers.state import Answer, Outcome, ServerState

NOT_SEEN = "not_seen"


def visibility(look: Look) -> tuple[Observation, ...]:
    """`not_seen` of each server, of the backups and of the store off site where a place is configured, and of each
    traffic target and watched service: how many ways of looking fail."""
    servers = tuple(
        _observation(server.name, tuple(_missing(look, server)), server.name) for server in look.state.servers
    )
    return (*servers, *_backups(look), *_traffic(look), *_services(look))


def _observation(subject: str, missing: tuple[str, ...], server: str | None = None) -> Observation:
    return Observation(NOT_SEEN, subject, float(len(missing)), Unit.COUNT, missing, server)


def _missing(look: Look, server: ServerState) -> Iterator[str]:
    if server.sql is None and server.sql_answer.outcome is not Outcome.NOT_ASKED and not _seen_down(server):
        yield _line("SQL", server.sql_answer)
    if server.host is None and server.ssh_answer.outcome is not Outcome.NOT_ASKED:
        yield _line("SSH", server.ssh_answer)
    if server.sql is not None and not server.sql.sees_everything:
        yield "SQL: the role lacks the right pg_monitor (as a superuser: GRANT pg_monitor TO the bot's role)"
    watched = watched_of(look, server)
    # One look may meet a restart, and the next one comes a minute later.
    if watched is not None and watched.failures > 1:
        yield _line("statistics", watched.answer)


def _seen_down(server: ServerState) -> bool:
    """Its host shows why it does not answer: that is no blindness."""
    return server.host is not None and (server.host.postmaster_pid is None or server.host.postmaster_stopped)


def _backups(look: Look) -> tuple[Observation, ...]:
    if look.cluster.backups is None:
        return ()
    answer = None if look.state.backups is None else look.state.backups.answer
    if answer is None or answer.outcome is Outcome.NOT_ASKED:
        return (Observation(NOT_SEEN, "backups", None, Unit.COUNT),)
    seen = _observation("backups", () if answer.ok else (_line("backups", answer),))
    offsite = look.state.backups.offsite if look.state.backups is not None else None
    if offsite is None:
        return (seen,)
    return seen, _observation("off site", () if offsite.answer.ok else (_line("store off site", offsite.answer),))


def _traffic(look: Look) -> Iterator[Observation]:
    for target in look.state.traffic:
        yield _observation(target.name, () if target.answer.ok else (_line("traffic target", target.answer),))


def _services(look: Look) -> Iterator[Observation]:
    for view in look.state.watched.services:
        if view.answer.outcome is Outcome.NOT_ASKED:
            yield Observation(NOT_SEEN, view.subject, None, Unit.COUNT, (), view.server)
        else:
            yield _observation(view.subject, () if view.answer.ok else (_line(view.kind, view.answer),), view.server)


def _line(way: str, answer: Answer) -> str:
    return answer.how if answer.how.startswith(way) else f"{way}: {answer.how}"
