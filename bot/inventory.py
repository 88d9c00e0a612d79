"""The settings as the values that the other packages know."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from alerts.intervals import Intervals
from alerts.itself import ELSEWHERE, OWN, OwnClusters
from alerts.thresholds import Thresholds
from bot.automatic_settings import automatic_policy
from bot.backup_settings import backup_place
from bot.drill_settings import drill_secrets, drilling
from bot.dump_settings import dump_place, volume_place
from bot.fence_settings import fence_place
from bot.heartbeat_settings import heartbeat_place
from bot.maintenance_settings import maintenance_windows
from bot.patroni_settings import patroni_place
from bot.policy_settings import overrides_from, policy_from
from bot.ports_settings import required_port
from bot.roster import GroupEntry, PersonEntry, Roster
from bot.services_settings import managed_service
from bot.settings import ClusterSettings, ServerSettings, Settings
from bot.settings_mistakes import Mistake, SettingsError
from bot.settings_types import SshSettings
from bot.thresholds_settings import thresholds_from
from bot.traffic_settings import traffic_secrets, traffic_targets
from bot.watch_settings import Makings, sentinels, watch_secrets, watched_places
from commands.automatic.policy import AutomaticPolicy
from commands.maintenance_window import MaintenanceWindow
from commands.policies import Policies
from servers.inventory import Cluster, Server, Service, SshTarget
from servers.managed_service import ManagedService
from servers.secret_parameters import SECRET_PARAMETERS
from servers.sentinels import Sentinels
from servers.sql import Sessions
from servers.ssh import Shells
from servers.traffic.target import TrafficTarget
from servers.watching.services.view import WatchedPlace


def clusters_of(settings: Settings) -> dict[str, Cluster]:
    """The clusters by name. SettingsError when a password file cannot be read."""
    return {name: _cluster(settings, name, section) for name, section in settings.clusters.items()}


def roster_of(settings: Settings) -> Roster:
    """The people and groups that the settings name."""
    return Roster(
        people=tuple(
            PersonEntry(key=key, slack_id=person.slack, operating_system_user=person.operating_system_user)
            for key, person in settings.people.items()
        ),
        groups=tuple(
            GroupEntry(key=key, slack_group_id=group.slack, people=group.people)
            for key, group in settings.groups.items()
        ),
    )


def policies_of(settings: Settings) -> Policies:
    """Rights and approval policies."""
    return Policies(
        rights={right: frozenset(holders) for right, holders in settings.rights.items()},
        orders={order: policy_from(section) for order, section in settings.policies.items()},
        overrides={order: overrides_from(section) for order, section in settings.policies.items() if section.when},
        slack_ids=slack_ids_of(settings),
        people={key: person.slack for key, person in settings.people.items()},
    )


def slack_ids_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Whom a mention of a key notifies: the Slack user group where there is one, else each who is listed."""
    people = {key: (person.slack,) for key, person in settings.people.items()}
    groups = {
        key: (group.slack,) if group.slack else tuple(settings.people[one].slack for one in group.people)
        for key, group in settings.groups.items()
    }
    return {**people, **groups}


def maintenance_windows_of(settings: Settings) -> dict[str, tuple[MaintenanceWindow, ...]]:
    """When each cluster is in maintenance by the settings."""
    return {name: maintenance_windows(section.maintenance) for name, section in settings.clusters.items()}


def automatic_of(settings: Settings) -> dict[str, AutomaticPolicy]:
    """What may be done without a person, by cluster."""
    return {
        name: automatic_policy(
            section.automatic_failover, section.schedule, fence_returning_primary=section.fence_returning_primary
        )
        for name, section in settings.clusters.items()
    }


def traffic_of(
    settings: Settings, clusters: Mapping[str, Cluster], shells: Shells, sessions: Sessions
) -> dict[str, tuple[TrafficTarget, ...]]:
    """What leads clients to each cluster's primary."""
    return {
        name: traffic_targets(clusters[name], section.traffic, lambda ssh: ssh_target(settings, ssh), shells, sessions)
        for name, section in settings.clusters.items()
    }


def watched_of(
    settings: Settings, clusters: Mapping[str, Cluster], shells: Shells
) -> dict[str, tuple[WatchedPlace, ...]]:
    """The services that are watched, by cluster."""
    return {
        name: watched_places(section.watch, _makings(settings, clusters[name], shells))
        for name, section in settings.clusters.items()
    }


def sentinels_of(settings: Settings, clusters: Mapping[str, Cluster], shells: Shells) -> dict[str, Sentinels]:
    """The Redis Sentinels, by cluster."""
    return {
        name: sentinels(section.watch, _makings(settings, clusters[name], shells))
        for name, section in settings.clusters.items()
    }


def _makings(settings: Settings, cluster: Cluster, shells: Shells) -> Makings:
    return Makings(cluster, settings.path, lambda ssh: ssh_target(settings, ssh), shells)


def own_clusters_of(settings: Settings) -> OwnClusters:
    """What stands in a cluster's place for Understudy's own alerts, and for those of others."""
    own = settings.watchdog.channel or next(iter(settings.clusters.values())).channel
    elsewhere = (settings.webhook.channel if settings.webhook else None) or own
    return OwnClusters(Cluster(OWN, own, ()), Cluster(ELSEWHERE, elsewhere, ()))


def thresholds_of(settings: Settings) -> tuple[Thresholds, dict[str, Thresholds]]:
    """The thresholds for all, and those of the clusters that have their own."""
    common = thresholds_from(settings.thresholds, Thresholds())
    bases = {name: _by_objectives(common, settings, section) for name, section in settings.clusters.items()}
    own = {name: thresholds_from(section.thresholds, bases[name]) for name, section in settings.clusters.items()}
    return common, {name: thresholds for name, thresholds in own.items() if thresholds != common}


def _by_objectives(common: Thresholds, settings: Settings, section: ClusterSettings) -> Thresholds:
    """What was promised of a cluster is what its alerts go by, unless a threshold says otherwise."""
    promised, said = section.objectives, {*settings.thresholds, *section.thresholds}
    rto = promised.rto if "rto" in promised.model_fields_set and "rto" not in said else common.rto
    if "rpo" not in promised.model_fields_set or said & {"archive_behind", "archive_critical"}:
        return replace(common, rto=rto)
    return replace(
        common, rto=rto, archive_behind=promised.rpo, archive_critical=max(common.archive_critical, promised.rpo)
    )


def limits_of(settings: Settings) -> Callable[[str], Mapping[str, float]]:
    """Every threshold of a cluster by its name, for those who only draw them."""
    common, own = thresholds_of(settings)
    return lambda cluster: asdict(own.get(cluster, common))


def intervals_of(settings: Settings) -> Intervals:
    """How often the monitor looks."""
    monitor = settings.monitor
    return Intervals(fast=monitor.fast_interval, slow=monitor.slow_interval, backups=monitor.backup_interval)


def secrets_of(settings: Settings, clusters: Iterable[Cluster]) -> tuple[str, ...]:
    """Every secret value of the settings, to keep them out of logs, Slack and the audit log."""
    clusters = tuple(clusters)
    slack = settings.slack
    watchers = (settings.watchdog.ping_url, settings.webhook.token if settings.webhook else None)
    schedules = (getattr(section, "token", None) for section in settings.on_call.values())
    pagers = (section.key for section in settings.paging.values())
    tokens = (slack.bot_token, slack.app_token, slack.signing_secret, *watchers, *schedules, *pagers)
    conninfos = (
        text for cluster in clusters for server in cluster.servers for text in (server.conninfo, server.replication)
    )
    passwords = (conninfo_to_dict(text).get(name) for text in conninfos if text for name in SECRET_PARAMETERS)
    traffic = (target for cluster in settings.clusters.values() for target in cluster.traffic.values())
    probes = {secret for cluster in settings.clusters.values() for secret in drill_secrets(cluster.drills)}
    known = {*(token.get_secret_value() for token in tokens if token), *(str(word) for word in passwords if word)}
    patroni = {place.password for cluster in clusters if (place := cluster.patroni) and place.password}
    watched = (service for cluster in settings.clusters.values() for service in cluster.watch.values())
    return tuple(known | patroni | probes | set(traffic_secrets(traffic)) | set(watch_secrets(watched)))


def _cluster(settings: Settings, name: str, section: ClusterSettings) -> Cluster:
    services = _services(settings, section)
    ssh_of = lambda server: ssh_target(settings, section.servers[server].ssh)  # noqa: E731
    return Cluster(
        name=name,
        channel=section.channel,
        unencrypted_replication=section.unencrypted_replication,
        servers=tuple(
            _server(settings, f"clusters.{name}.servers.{key}", key, server) for key, server in section.servers.items()
        ),
        backups=backup_place(section.backups, lambda ssh: ssh_target(settings, ssh)) if section.backups else None,
        services=services,
        witness=ssh_target(settings, section.witness.ssh) if section.witness else None,
        patroni=patroni_place(section.patroni, settings.path) if section.patroni else None,
        dumps=tuple(dump_place(key, dump) for key, dump in section.dumps.items()),
        volumes=tuple(volume_place(key, volume, services, ssh_of) for key, volume in section.volumes.items()),
        drilling=drilling(section.objectives, section.drills),
        heartbeat=heartbeat_place(section.heartbeat) if section.heartbeat else None,
        ports=tuple(required_port(port) for port in section.ports),
    )


def _server(settings: Settings, key: str, name: str, section: ServerSettings) -> Server:
    password = _password(settings, key, section)
    service = section.service
    return Server(
        name=name,
        conninfo=make_conninfo(section.conninfo, password=password) if password else section.conninfo,
        ssh=ssh_target(settings, section.ssh),
        service=Service(
            kind=service.kind,
            data_directory=service.data_directory,
            bin_directory=service.bin_directory,
            unit=service.unit,
            version=service.version,
            cluster_name=service.name,
            container=service.container,
            use_sudo=service.sudo,
        ),
        replication=section.replication,
        slot=section.slot,
        disks=section.disks,
        fence=fence_place(section.fence) if section.fence else None,
    )


def _services(settings: Settings, section: ClusterSettings) -> tuple[ManagedService, ...]:
    found = []
    for name, service in section.services.items():
        ssh = service.ssh or section.servers[service.server or ""].ssh
        found.append(managed_service(name, service, service.server or ssh.host, ssh_target(settings, ssh)))
    return tuple(found)


def ssh_target(settings: Settings, section: SshSettings) -> SshTarget:
    """A host as it is reached by SSH."""
    return SshTarget(
        host=section.host,
        port=section.port,
        user=section.user,
        key_file=settings.path(section.key_file) if section.key_file else None,
        known_hosts=settings.path(section.known_hosts),
    )


def _password(settings: Settings, key: str, section: ServerSettings) -> str | None:
    if section.password:
        return section.password.get_secret_value()
    if section.password_file is None:
        return None
    file = settings.path(section.password_file)
    try:
        return file.read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        right = "let the user that runs understudy read it, as one line of UTF-8 text"
        raise SettingsError((Mistake(f"{key}.password_file", f"cannot be read: {error}", right),)) from None
