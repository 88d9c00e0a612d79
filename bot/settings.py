"""The settings: `understudy.toml`, environment variables over it, secrets from the environment or secret files.

Environment: `UNDERSTUDY_` and the key's path joined by `__`, such as `UNDERSTUDY_SLACK__BOT_TOKEN`.
Secret files: one file a secret in the directory that `UNDERSTUDY_SECRETS_DIRECTORY` names, called like the variable
(`understudy_slack__bot_token`). What is wrong with them is found by `bot.settings_mistakes`, all of it at once.
"""

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.audit_settings import AuditSettings
from bot.automatic_settings import AutomaticFailoverSettings
from bot.backup_settings import BackupSettings
from bot.drill_settings import DrillSettings, ObjectivesSettings
from bot.dump_settings import DumpSettings, VolumeSettings
from bot.fence_settings import FenceSettings
from bot.heartbeat_settings import HeartbeatSettings
from bot.history_settings import HistorySettings
from bot.ledger_settings import LedgerSettings
from bot.maintenance_settings import MaintenanceSettings
from bot.on_call_settings import OnCallSettings
from bot.paging_settings import PagingSettings
from bot.patroni_settings import PatroniSettings
from bot.policy_settings import PolicySettings
from bot.ports_settings import PortSettings
from bot.routes_settings import RouteSettings
from bot.rules_settings import RuleSettings
from bot.schedule_settings import ScheduleSettings
from bot.services_settings import ServicesSettings
from bot.settings_checks import check_references
from bot.settings_mistakes import (
    SettingsError,
    in_order,
    mistakes_in_file,
    mistakes_in_secrets_directory,
    mistakes_of,
    unknown_variables,
)
from bot.settings_types import Name, Seconds, Section, SlackChannel, SlackGroup, SlackUser, SshSettings
from bot.slack_settings import SlackSettings, mistakes_in_tokens
from bot.timeline_settings import TimelineSettings
from bot.traffic_settings import TrafficSettings
from bot.watch_settings import WatchSettings
from bot.watchdog_settings import WatchdogSettings, WebhookSettings
from servers.inventory import ServiceKind

SETTINGS_VARIABLE = "UNDERSTUDY_SETTINGS"
SECRETS_VARIABLE = "UNDERSTUDY_SECRETS_DIRECTORY"
DEFAULT_FILE = Path("understudy.toml")

# Read by bot.thresholds_settings, which knows their names and units.
Thresholds = dict[str, float | str]


class HttpSettings(Section):
    """Where /healthz, /readyz, /metrics, /rules and, in HTTP mode, Slack's requests are answered. Port 0: any free one.
    `url` is how people's browsers reach it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8377
    url: str | None = None


class MonitorSettings(Section):
    fast_interval: Seconds = 2.0
    slow_interval: Seconds = 10.0
    backup_interval: Seconds = 60.0
    sql_timeout: Seconds = 1.0
    ssh_timeout: Seconds = 1.5


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class PersonSettings(Section):
    slack: SlackUser
    operating_system_user: str | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


class GroupSettings(Section):
    slack: SlackGroup | None = None
    people: tuple[str, ...] = ()


class ServiceSettings(Section):
    kind: ServiceKind
    data_directory: str
    bin_directory: str | None = None
    unit: str | None = None
    version: str | None = None
    name: str | None = None
    container: str | None = None
    sudo: bool = False


class ServerSettings(Section):
    conninfo: str
    password: SecretStr | None = None
    password_file: Path | None = None
    replication: str | None = None
    slot: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,63}$")] | None = None
    disks: tuple[str, ...] = ()
    ssh: SshSettings
    service: ServiceSettings
    fence: FenceSettings | None = None


class WitnessSettings(Section):
    """A host with a view of its own: it tries to reach the servers. It needs no PostgreSQL."""

    ssh: SshSettings


class ClusterSettings(Section):
    channel: SlackChannel
    servers: Annotated[dict[Name, ServerSettings], Field(min_length=2)]
    backups: BackupSettings | None = None
    dumps: dict[Name, DumpSettings] = Field(default_factory=dict)
    volumes: dict[Name, VolumeSettings] = Field(default_factory=dict)
    services: dict[Name, ServicesSettings] = Field(default_factory=dict)
    witness: WitnessSettings | None = None
    patroni: PatroniSettings | None = None
    traffic: dict[Name, TrafficSettings] = Field(default_factory=dict)
    watch: dict[Name, WatchSettings] = Field(default_factory=dict)
    ports: tuple[PortSettings, ...] = ()
    thresholds: Thresholds = Field(default_factory=dict)
    fence_returning_primary: bool = False
    unencrypted_replication: bool = False
    automatic_failover: AutomaticFailoverSettings = AutomaticFailoverSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    maintenance: tuple[MaintenanceSettings, ...] = ()
    objectives: ObjectivesSettings = ObjectivesSettings()
    drills: DrillSettings = DrillSettings()
    heartbeat: HeartbeatSettings | None = None


class Settings(BaseSettings):
    """Everything. `directory` is where the file lies: relative paths are taken from there."""

    model_config = SettingsConfigDict(
        env_prefix="UNDERSTUDY_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    needs_tokens: ClassVar[bool] = False  # Slack's; only the bot itself needs them

    directory: Path = Field(default=Path(), exclude=True)
    slack: SlackSettings = SlackSettings()
    ledger: LedgerSettings = LedgerSettings()
    history: HistorySettings = HistorySettings()
    audit: AuditSettings = AuditSettings()
    http: HttpSettings = HttpSettings()
    monitor: MonitorSettings = MonitorSettings()
    log: LogSettings = LogSettings()
    people: dict[Name, PersonSettings] = {}
    groups: dict[Name, GroupSettings] = {}
    rights: dict[str, tuple[str, ...]] = {}
    policies: dict[str, PolicySettings] = {}
    thresholds: Thresholds = {}
    routes: tuple[RouteSettings, ...] = ()
    timeline: TimelineSettings = TimelineSettings()
    rules: tuple[RuleSettings, ...] = ()
    runbooks: dict[str, str] = {}  # by rule; bot.runbooks_settings
    on_call: dict[Name, OnCallSettings] = {}
    paging: dict[Name, PagingSettings] = {}
    watchdog: WatchdogSettings = WatchdogSettings()
    webhook: WebhookSettings | None = None
    clusters: Annotated[dict[Name, ClusterSettings], Field(min_length=1)]

    @field_validator("directory")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.absolute()

    @model_validator(mode="wrap")
    @classmethod
    def _everything_at_once(cls, raw: Any, handler: ModelWrapValidatorHandler["Settings"]) -> "Settings":
        """Shape and references are checked over the same raw values, so that one mistake never hides another."""
        mistakes = list(check_references(raw)) if isinstance(raw, dict) else []
        if cls.needs_tokens and isinstance(raw, dict):
            mistakes += mistakes_in_tokens(raw)
        sections = tuple(cls.model_fields)
        try:
            settings = handler(raw)
        except ValidationError as error:
            raise SettingsError(in_order((*mistakes_of(error), *mistakes), sections)) from None
        if mistakes:
            raise SettingsError(in_order(mistakes, sections))
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = [init_settings, env_settings]
        if settings_cls.model_config.get("secrets_dir"):
            sources.append(
                NestedSecretsSettingsSource(
                    file_secret_settings, secrets_prefix="UNDERSTUDY_", secrets_nested_delimiter="__"
                )
            )
        return *sources, TomlConfigSettingsSource(settings_cls)

    def path(self, path: Path) -> Path:
        """A path of the settings, taken from the directory of the settings file."""
        return path if path.is_absolute() else self.directory / path


def settings_file(given: Path | None) -> Path:
    """The settings file: the one that was named, else `UNDERSTUDY_SETTINGS`, else ./understudy.toml."""
    return given or Path(os.environ.get(SETTINGS_VARIABLE, DEFAULT_FILE))


def load_settings(file: Path, *, tokens: bool = False) -> Settings:
    """The settings from that file and the environment. SettingsError lists every mistake, each with its mend.

    With `tokens`, one of Slack's that is missing is a mistake as well.
    """
    secrets_directory = os.environ.get(SECRETS_VARIABLE)
    mistakes = (
        *mistakes_in_file(file),
        *mistakes_in_secrets_directory(secrets_directory),
        *unknown_variables(os.environ, tuple(Settings.model_fields)),
    )
    if any(mistake.final for mistake in mistakes):
        raise SettingsError(mistakes)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file, secrets_dir=secrets_directory)
        needs_tokens = tokens

    try:
        settings = FromFile(directory=file.parent)  # type: ignore[call-arg]  # the rest comes from the sources
    except SettingsError as error:
        raise SettingsError((*mistakes, *error.mistakes)) from None
    if mistakes:
        raise SettingsError(mistakes)
    return settings
