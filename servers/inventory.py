"""What there is to look after: clusters, their servers, and how each is reached.

Plain values, made once from the settings. Nothing here connects to anything.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from servers.drilling import AS_USUAL, Drilling, HeartbeatPlace
from servers.identity import MANNER

if TYPE_CHECKING:
    from servers.backups.barman.place import BarmanPlace
    from servers.backups.partial.place import DumpPlace, VolumePlace
    from servers.backups.pgbackrest.place import PgBackRestPlace
    from servers.managed_service import ManagedService


class ServiceKind(StrEnum):
    """How a server's PostgreSQL is started and stopped."""

    PG_CTL = "pg_ctl"
    SYSTEMD = "systemd"
    PG_CTLCLUSTER = "pg_ctlcluster"
    DOCKER = "docker"


@dataclass(frozen=True, slots=True)
class SshTarget:
    """An SSH server as the bot reaches it. Its host key must stand in `known_hosts`."""

    host: str
    port: int
    user: str
    key_file: Path | None
    known_hosts: Path


@dataclass(frozen=True, slots=True)
class Service:
    """How PostgreSQL is run on a server.

    `bin_directory` is where pg_ctl and pg_controldata live; None means the PATH of the SSH user.
    `unit` belongs to systemd, `version` and `cluster_name` to pg_ctlcluster, `container` to docker.
    """

    kind: ServiceKind
    data_directory: str
    bin_directory: str | None = field(default=None, metadata=MANNER)
    unit: str | None = None
    version: str | None = None
    cluster_name: str | None = None
    container: str | None = None
    use_sudo: bool = field(default=False, metadata=MANNER)


@dataclass(frozen=True, slots=True)
class CommandFence:
    """A server is cut off by a command that runs beside the bot, without a shell. Time-out in seconds.

    Exit status 0 of `command` says that it has done its work, of `confirm` that the server is off. Without `confirm`
    nothing looks, and a failover that may need the hook is a risk for people to approve.
    """

    command: tuple[str, ...]
    confirm: tuple[str, ...] = ()
    timeout: float = field(default=30.0, metadata=MANNER)


@dataclass(frozen=True, slots=True)
class Ec2Fence:
    """A server is an EC2 instance that can be stopped. `region` and `endpoint_url` None: as boto3 finds them."""

    instance: str
    region: str | None = None
    endpoint_url: str | None = None
    timeout: float = field(default=120.0, metadata=MANNER)


FencePlace = CommandFence | Ec2Fence


@dataclass(frozen=True, slots=True)
class Server:
    """One PostgreSQL server.

    `conninfo` is libpq's, as the bot reaches it, and may hold a password: it is never shown.
    `replication` is libpq's, as the other servers reach this one with the replication role.
    `slot` is the physical slot this server streams from while it is the standby.
    `disks` are the paths whose file systems are watched; the data directory is always among them.
    `fence` is the way to cut it off where its host does not answer by SSH; None: there is no other way.
    """

    name: str
    conninfo: str = field(repr=False)
    ssh: SshTarget
    service: Service
    replication: str | None = field(default=None, repr=False)
    slot: str | None = None
    disks: tuple[str, ...] = field(default=(), metadata=MANNER)
    fence: FencePlace | None = None


SCRIPT_PATH = "/usr/local/bin/understudy-archive"  # where the archive script is, unless the settings say otherwise


class BackupTool(StrEnum):
    """Who takes the base backups."""

    NATIVE = "native"
    PGBACKREST = "pgbackrest"
    BARMAN = "barman"


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept at least: so many full backups, and whatever is younger than `age` seconds."""

    full: int = 1
    age: float | None = None


@dataclass(frozen=True, slots=True)
class Encryption:
    """To whom backups and WAL are encrypted: fingerprints of keys, and GnuPG's home on the hosts (None: the user's).

    `passphrase_file`, on the hosts too, has the secret key's; None: it has none, or gpg-agent knows it.
    """

    recipients: tuple[str, ...]
    gpg_home: str | None = None
    passphrase_file: str | None = None


@dataclass(frozen=True, slots=True)
class OffsitePlace:
    """A bucket of S3 or of what speaks it, below `prefix`. `bandwidth` in bytes a second, None: as much as there is.

    `region` and `endpoint_url` None: as boto3 finds them; so it does credentials.
    """

    bucket: str
    prefix: str = "understudy/"
    region: str | None = None
    endpoint_url: str | None = None
    bandwidth: float | None = None


@dataclass(frozen=True, slots=True)
class BackupPlace:
    """Where base backups and the WAL archive lie, as seen by SSH on `server` (None: on the first that answers).

    `retention` None: everything is kept. `encryption` None: nothing is encrypted.
    The directories are the native tool's; `pgbackrest` or `barman` says where that one is, and then they are empty.
    """

    tool: BackupTool
    directory: str
    archive_directory: str | None = None
    server: str | None = None
    retention: Retention | None = None
    encryption: Encryption | None = None
    offsite: OffsitePlace | None = None
    pgbackrest: "PgBackRestPlace | None" = None
    barman: "BarmanPlace | None" = None
    archive_script: str = SCRIPT_PATH

    @property
    def archives(self) -> bool:
        """Whether a WAL archive belongs to it. Those of pgBackRest and Barman always have one."""
        return self.tool is not BackupTool.NATIVE or self.archive_directory is not None


class EngineKind(StrEnum):
    """Who promotes: Understudy itself, or Patroni, which is then asked to."""

    NATIVE = "native"
    PATRONI = "patroni"


@dataclass(frozen=True, slots=True)
class PatroniPlace:
    """Where Patroni's REST API is, by member; a member is called like its server. The password is never shown.

    `ca_file` None: the machine's own certificate authorities. `certificate` with `key` is the client's.
    """

    members: tuple[tuple[str, str], ...]
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RequiredPort:
    """A port that must be open from some servers to others, or to `host`. Without names: every server.

    `what` says what for, in a word or two.
    """

    port: int
    what: str = ""
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A primary with its standbys, told apart by name. `channel` is where its news goes.

    `witness` is a host that has a view of its own on whether the servers can be reached. `patroni` is where Patroni is,
    when the engine is Patroni. `drilling` says what is promised of a recovery and how that is practised; `heartbeat`
    where a row of our own tells how much of what was written has arrived somewhere else. `unencrypted_replication`: it
    is as it should be, for the network is encrypted itself. `ports`, beside PostgreSQL's, must be open between the
    servers.
    """

    name: str
    channel: str
    servers: tuple[Server, ...]
    backups: BackupPlace | None = None
    witness: SshTarget | None = None
    services: "tuple[ManagedService, ...]" = ()
    patroni: PatroniPlace | None = None
    dumps: "tuple[DumpPlace, ...]" = ()
    volumes: "tuple[VolumePlace, ...]" = ()
    drilling: Drilling = AS_USUAL
    heartbeat: HeartbeatPlace | None = None
    unencrypted_replication: bool = False
    ports: tuple[RequiredPort, ...] = ()

    @property
    def engine(self) -> EngineKind:
        return EngineKind.NATIVE if self.patroni is None else EngineKind.PATRONI

    def server(self, name: str) -> Server:
        """The server of that name; KeyError if the cluster has none."""
        for server in self.servers:
            if server.name == name:
                return server
        raise KeyError(name)
