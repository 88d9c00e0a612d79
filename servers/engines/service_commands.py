"""How a server's PostgreSQL is stopped, started, promoted and kept from starting again, by the kind of its service.

Each command says who runs it: the data directory's owner, or the service manager (through sudo where the settings say).
A container is handled from outside for stop and start, and from inside for the rest.
"""

from collections.abc import Sequence

from servers.engines.engine import StopMode
from servers.inventory import Service, ServiceKind
from servers.service import managed

AS_OWNER = "as_owner"
BY_MANAGER = "manager"

Command = Sequence[str]  # who, then the argument list


def stop_command(service: Service, mode: StopMode, seconds: int) -> Command:
    """Stop it. systemd and Docker know the fast way only: they get an immediate one from pg_ctl."""
    match service.kind:
        case ServiceKind.SYSTEMD if mode is StopMode.FAST:
            return (BY_MANAGER, *managed(service, "systemctl", "stop", _unit(service)))
        case ServiceKind.PG_CTLCLUSTER:
            stop = ("pg_ctlcluster", *_debian_name(service), "stop", "-m", mode.value)
            return (BY_MANAGER, *managed(service, *stop, "--", "-t", str(seconds)))
        case _:
            return (AS_OWNER, "pg_ctl", "stop", "-D", service.data_directory, "-m", mode.value, "-W", "-s")


def start_command(service: Service) -> Command:
    """Start it. `pg_ctl restart` of a server that does not run starts it with the options of its last start."""
    match service.kind:
        case ServiceKind.SYSTEMD:
            return (BY_MANAGER, *managed(service, "systemctl", "start", _unit(service)))
        case ServiceKind.PG_CTLCLUSTER:
            return (BY_MANAGER, *managed(service, "pg_ctlcluster", *_debian_name(service), "start"))
        case _:
            return (AS_OWNER, "pg_ctl", "restart", "-D", service.data_directory, "-W", "-s")


def promote_command(service: Service) -> Command:
    """Promote it, and do not wait."""
    if service.kind is ServiceKind.PG_CTLCLUSTER:
        return (BY_MANAGER, *managed(service, "pg_ctlcluster", *_debian_name(service), "promote"))
    return (AS_OWNER, "pg_ctl", "promote", "-D", service.data_directory, "-W", "-s")


def keep_down_command(service: Service) -> Command:
    """What tells a service manager that it is meant to be down, so that it does not start it again; may be nothing."""
    if service.kind is ServiceKind.SYSTEMD:
        return managed(service, "systemctl", "stop", _unit(service))
    return ()


def _unit(service: Service) -> str:
    return service.unit or "postgresql"


def _debian_name(service: Service) -> tuple[str, str]:
    return service.version or "", service.cluster_name or "main"
