"""Where the backups of a part are, and what the scripts there are told of it. Pure."""

from servers.backups.partial.place import Part, VolumePlace
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster, Server


def parts_of(cluster: Cluster) -> tuple[Part, ...]:
    """Everything of the cluster that is backed up in part."""
    return (*cluster.dumps, *cluster.volumes)


def hosts_of(cluster: Cluster, part: Part) -> tuple[Server, ...]:
    """The hosts on which its backups may be."""
    if isinstance(part, VolumePlace):
        return (part.host,)
    return cluster.servers if part.server is None else (cluster.server(part.server),)


def host_of(cluster: Cluster, part: Part, place: str) -> Server:
    """The host of that name. ActionFailed where the settings no longer have it."""
    for host in hosts_of(cluster, part):
        if place_name(part, host) == place:
            return host
    raise ActionFailed(f"the settings name no host {place} for {part.name} any more")


def pairs_of(volume: VolumePlace) -> tuple[str, ...]:
    """What is in it, as the scripts take it."""
    directories = (word for path in volume.directories for word in ("directory", path.rstrip("/")))
    volumes = (word for name in volume.docker_volumes for word in ("volume", name))
    return (*directories, *volumes)


def keys_of(part: Part) -> tuple[str, str]:
    """GnuPG's home and the passphrase's file, '' where they are not set."""
    keys = part.encryption
    return (keys.gpg_home or "", keys.passphrase_file or "") if keys else ("", "")


def place_name(part: Part, host: Server) -> str:
    """What people call the host."""
    return part.place if isinstance(part, VolumePlace) else host.name


def offsite_name(part: Part) -> str:
    """Where its copies are off site, below the cluster's own prefix."""
    return f"{part.kind}s/{part.name}"
