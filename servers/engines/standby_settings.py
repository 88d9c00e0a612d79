"""The settings by which a server follows another, quoted for postgresql.auto.conf."""

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servers.engines.engine import ActionFailed
from servers.inventory import Server
from servers.secret_parameters import SECRET_PARAMETERS


def standby_settings(server: Server, upstream: Server) -> str:
    """The lines, each with its end. ActionFailed when the settings do not tell how to reach the upstream."""
    return "".join(f"{name} = {quoted(value)}\n" for name, value in standby_values(server, upstream).items())


def standby_values(server: Server, upstream: Server) -> dict[str, str]:
    """The settings by name. ActionFailed as above."""
    if upstream.replication is None:
        raise ActionFailed(f"the settings do not say how others reach {upstream.name}: give it a replication conninfo")
    try:
        given = conninfo_to_dict(upstream.replication)
        name = given.get("application_name") or server.name
        conninfo = make_conninfo(upstream.replication, application_name=name)
    except ProgrammingError:
        raise ActionFailed(f"{upstream.name}'s replication conninfo cannot be read: mend it in the settings") from None
    return {"primary_conninfo": conninfo, "primary_slot_name": server.slot or ""}


def holds_secret(conninfo: str) -> bool:
    """Whether a conninfo has more than a way to a secret. One that cannot be read counts as one that has."""
    try:
        given = conninfo_to_dict(conninfo)
    except ProgrammingError:
        return True
    return any(given.get(name) for name in SECRET_PARAMETERS)


def quoted(value: str) -> str:
    r"""A string as postgresql.conf takes it: in single quotes, with those and backslashes doubled.

    https://www.postgresql.org/docs/current/config-setting.html and src/backend/utils/misc/guc-file.l, where `\` starts
    an escape and no string goes over the end of a line. ActionFailed for what cannot stand in one.
    """
    if not value.isprintable():
        raise ActionFailed("a setting with a line break or control character cannot be written into postgresql.conf")
    doubled = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
