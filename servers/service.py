"""How a command reaches a server's PostgreSQL, whatever runs it.

The SSH user is the owner of the data directory, or root. `use_sudo` is for the service manager alone (systemctl,
pg_ctlcluster, docker), as in "postgres ALL=(root) NOPASSWD: /usr/bin/systemctl stop postgresql@17-main".
"""

from servers.inventory import Service, ServiceKind


def managed(service: Service, *argv: str) -> tuple[str, ...]:
    """A command of the service manager."""
    return ("sudo", "-n", *argv) if service.use_sudo else argv


def inside(service: Service, *argv: str) -> tuple[str, ...]:
    """A command that sees the data directory and PostgreSQL's programs: in the container, where there is one."""
    if service.kind is ServiceKind.DOCKER and service.container:
        return managed(service, "docker", "exec", "-i", service.container, *argv)
    return argv


def programs(service: Service) -> str:
    """The directory of PostgreSQL's programs, or '' where the PATH has them."""
    if service.bin_directory:
        return service.bin_directory
    if service.kind is ServiceKind.PG_CTLCLUSTER and service.version:
        return f"/usr/lib/postgresql/{service.version}/bin"  # Debian's layout
    return ""
