"""How long each server's certificate is still valid."""

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import watched_of
from servers.state import ServerState

CERTIFICATE_LEFT = "certificate_seconds_left"
_NO_END = float("inf")


def certificates(look: Look) -> tuple[Observation, ...]:
    """`certificate_seconds_left` of each server: negative once it has expired, infinite where it speaks no TLS."""
    return tuple(_of(look, server) for server in look.state.servers)


def _of(look: Look, server: ServerState) -> Observation:
    watched = watched_of(look, server)
    certificate = watched.certificate if watched is not None else None
    if certificate is None:
        return Observation(CERTIFICATE_LEFT, server.name, None, Unit.SECONDS, (), server.name)
    if certificate.expires_at is None:
        return Observation(CERTIFICATE_LEFT, server.name, _NO_END, Unit.SECONDS, (), server.name)
    left = (certificate.expires_at - look.state.at).total_seconds()
    line = f"{certificate.subject or 'its certificate'} is valid until {certificate.expires_at:%Y-%m-%d %H:%M} UTC"
    return Observation(CERTIFICATE_LEFT, server.name, left, Unit.SECONDS, (line,), server.name)
