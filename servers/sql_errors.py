"""What a failed question by SQL means, in one line that tells no secret."""

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict

from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.state import Outcome

LONGEST_DETAIL = 200

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_OUTCOMES = {
    "57P03": Outcome.STARTING,  # cannot_connect_now
    "57P01": Outcome.UNREACHABLE,  # admin_shutdown: the connection is gone
    "57P02": Outcome.UNREACHABLE,  # crash_shutdown
    "57014": Outcome.TIMED_OUT,  # query_canceled, by statement_timeout
    "42501": Outcome.DENIED,  # insufficient_privilege
    "28000": Outcome.DENIED,  # invalid_authorization_specification
    "28P01": Outcome.DENIED,  # invalid_password
}

# libpq's own messages (never translated here: the client's locale is ours) and the server's in English.
_MESSAGES = (
    (re.compile(r"connection refused|no such file or directory", re.I), Outcome.REFUSED),
    (re.compile(r"timeout expired|timed out", re.I), Outcome.TIMED_OUT),
    (re.compile(r"the database system is|not yet accepting connections|not accepting connections", re.I),
     Outcome.STARTING),
    (re.compile(r"too many clients|connection slots are reserved|too many connections", re.I), Outcome.FAILED),
    (re.compile(r"password|authentication failed|pg_hba\.conf|role .* does not exist|permission denied", re.I),
     Outcome.DENIED),
    (re.compile(r"failed to resolve|translate host name|closed the connection|no route|unreachable|reset by peer|"
                r"broken pipe|connection is (closed|lost)|could not (send|receive)|server conn crashed", re.I),
     Outcome.UNREACHABLE),
)  # fmt: skip


class SqlFailed(ServerUnreachable):
    """The server answered with an error. `sqlstate` tells which."""

    def __init__(self, outcome: Outcome, detail: str, sqlstate: str | None = None) -> None:
        super().__init__(outcome, detail)
        self.sqlstate = sqlstate


def explained(error: Exception, server: Server) -> ServerUnreachable:
    """The error in our words. Never holds the conninfo or a password."""
    if isinstance(error, TimeoutError):
        return ServerUnreachable(Outcome.TIMED_OUT, "no PostgreSQL answers there")
    if isinstance(error, psycopg.Error) and error.sqlstate:
        outcome = _OUTCOMES.get(error.sqlstate, Outcome.FAILED)
        message = error.diag.message_primary or str(error)
        return SqlFailed(outcome, _clean(f"{message} ({error.sqlstate})", server), error.sqlstate)
    text = str(error) or type(error).__name__
    outcome = next((outcome for pattern, outcome in _MESSAGES if pattern.search(text)), Outcome.FAILED)
    return ServerUnreachable(outcome, _clean(text, server))


def refused_by_server(error: Exception) -> bool:
    """Whether it was the server itself, not the way to it, that refused the connection."""
    return isinstance(error, psycopg.OperationalError) and ": FATAL" in str(error)


def _clean(text: str, server: Server) -> str:
    """The last thing libpq has to say, in one line, without what is secret."""
    line = text.strip().splitlines()[0] if text.strip() else "no reason given"
    line = line.rsplit(" failed: ", 1)[-1]
    password = _password(server)
    if password:
        line = line.replace(password, "***")
    return "".join(letter if letter.isprintable() else " " for letter in line)[:LONGEST_DETAIL]


def _password(server: Server) -> str | None:
    try:
        password = conninfo_to_dict(server.conninfo).get("password")
    except psycopg.Error:
        return server.conninfo
    return str(password) if password else None
