"""The settings: what is read from where, and every mistake named at once."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.audit_settings import AuditSettings, S3Settings
from bot.automatic_settings import AutomaticFailoverSettings
from bot.backup_settings import EncryptionSettings, NativeBackupSettings, RetentionSettings
from bot.dump_settings import DumpSettings, VolumeSettings
from bot.inventory import automatic_of, clusters_of, policies_of, roster_of, secrets_of, thresholds_of
from bot.ledger_settings import LedgerOffsiteSettings, LedgerSettings
from bot.offsite_settings import OffsiteSettings
from bot.policy_settings import PolicySettings, WhenSettings
from bot.services_settings import ServicesSettings
from bot.settings import (
    ClusterSettings,
    GroupSettings,
    HttpSettings,
    LogSettings,
    MonitorSettings,
    PersonSettings,
    ServerSettings,
    ServiceSettings,
    Settings,
    load_settings,
)
from bot.settings_mistakes import SettingsError
from bot.settings_template import template
from bot.settings_types import SshSettings
from bot.slack_settings import SlackSettings
from commands.automatic.policy import AutomaticFailover, AutomaticPolicy
from commands.policies import policy_for
from commands.registry import ORDERS, RIGHTS

GOOD = """
[people.alice]
slack = "U0ALICE"
operating_system_user = "alice"
[people.bob]
slack = "U0BOB"
[groups.dba]
people = ["alice", "bob"]
[rights]
view = ["everyone"]
promote = ["dba"]
[policies.promote]
approvers = ["dba"]
expires = "10m"
[thresholds]
replay_lag_bytes = "4MiB"
disk_warning = "70%"
backup_age = "30h"
[clusters.shop]
channel = "C0OPS"
[clusters.shop.servers.db1]
conninfo = "host=127.0.0.2 port=5432 user=understudy"
[clusters.shop.servers.db1.ssh]
host = "127.0.0.2"
user = "postgres"
known_hosts = "known_hosts"
[clusters.shop.servers.db1.service]
kind = "pg_ctl"
data_directory = "/data"
[clusters.shop.servers.db2]
conninfo = "host=127.0.0.3 port=5432 user=understudy"
[clusters.shop.servers.db2.ssh]
host = "127.0.0.3"
user = "postgres"
known_hosts = "known_hosts"
[clusters.shop.servers.db2.service]
kind = "systemd"
unit = "postgresql"
data_directory = "/data"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a known_hosts file; the environment holds no settings."""
    for variable in ("UNDERSTUDY_SETTINGS", "UNDERSTUDY_SECRETS_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "known_hosts").touch()
    return tmp_path


def _load(directory: Path, text: str) -> Settings:
    file = directory / "understudy.toml"
    file.write_text(text)
    return load_settings(file)


def _mistakes(directory: Path, text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        _load(directory, text)
    return {mistake.key: f"{mistake.wrong}; {mistake.right}" for mistake in caught.value.mistakes}


def test_a_good_file_becomes_the_values_that_the_other_packages_know(write: Path) -> None:
    settings = _load(write, GOOD)
    cluster = clusters_of(settings)["shop"]
    assert [server.name for server in cluster.servers] == ["db1", "db2"]
    assert cluster.server("db1").ssh.known_hosts == write / "known_hosts"
    assert policies_of(settings).orders["promote"].expires.total_seconds() == 600
    assert roster_of(settings).by_operating_system_user("alice") is not None
    common, own = thresholds_of(settings)
    assert (common.replay_lag_bytes, common.disk_warning, common.backup_age) == (4 * 1024**2, 0.7, 30 * 3600)
    assert own == {}


def test_alerts_go_by_what_is_promised_of_a_cluster_unless_a_threshold_says_otherwise(write: Path) -> None:
    promised = '[clusters.shop.objectives]\nrto = "20m"\nrpo = "2h"\n'
    _, own = thresholds_of(_load(write, GOOD + promised))
    assert (own["shop"].rto, own["shop"].archive_behind, own["shop"].archive_critical) == (1200.0, 7200.0, 7200.0)
    said = '[clusters.shop.thresholds]\nrto = "30m"\narchive_critical = "90m"\n'
    _, own = thresholds_of(_load(write, GOOD + promised + said))
    assert (own["shop"].rto, own["shop"].archive_behind, own["shop"].archive_critical) == (1800.0, 900.0, 5400.0)


def test_a_witness_is_a_host_with_files_that_exist(write: Path) -> None:
    witness = '[clusters.shop.witness.ssh]\nhost = "w"\nuser = "me"\nknown_hosts = "known_hosts"\n'
    known = clusters_of(_load(write, GOOD + witness))["shop"].witness
    assert known is not None
    assert (known.host, known.port, known.known_hosts) == ("w", 22, write / "known_hosts")
    mistakes = _mistakes(write, GOOD + witness.replace('"known_hosts"', '"elsewhere"'))
    assert "names a file that is not there" in mistakes["clusters.shop.witness.ssh.known_hosts"]


def test_nothing_is_done_without_a_person_unless_the_settings_say_so(write: Path) -> None:
    assert automatic_of(_load(write, GOOD)) == {"shop": AutomaticPolicy()}
    rules = (
        "[clusters.shop.automatic_failover]\n"
        'enabled = true\nafter = "5s"\ncountdown = 0\nloss_limit = "64KiB"\nunknown_loss = "accept"\n'
    )
    text = GOOD.replace('channel = "C0OPS"', 'channel = "C0OPS"\nfence_returning_primary = true')
    policy = automatic_of(_load(write, f"{text}\n{rules}"))["shop"]
    assert policy == AutomaticPolicy(
        AutomaticFailover(timedelta(seconds=5), timedelta(0), 65536, accept_unknown_loss=True), True
    )
    wrong = rules.replace('"5s"', '"soon"').replace('"accept"', '"yes"')
    assert _mistakes(write, f"{GOOD}\n{wrong}").keys() == {
        "clusters.shop.automatic_failover.after",
        "clusters.shop.automatic_failover.unknown_loss",
    }


def test_the_environment_stands_over_the_file_and_secrets_may_look_like_anything(
    write: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_CLUSTERS__SHOP__SERVERS__DB1__PASSWORD", "0123")
    monkeypatch.setenv("UNDERSTUDY_CLUSTERS__SHOP__SERVERS__DB2__PASSWORD", '{"a": 1}')
    monkeypatch.setenv("UNDERSTUDY_HTTP__PORT", "9999")
    monkeypatch.setenv("UNDERSTUDY_SLACK__BOT_TOKEN", "xoxb-secret")
    settings = _load(write, GOOD)
    clusters = clusters_of(settings)
    assert settings.http.port == 9999
    assert set(secrets_of(settings, clusters.values())) == {"0123", '{"a": 1}', "xoxb-secret"}
    assert "xoxb-secret" not in repr(settings)
    assert "0123" not in repr(clusters)


def test_secrets_come_from_files(write: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = write / "secrets"
    secrets.mkdir()
    (secrets / "understudy_slack__app_token").write_text("xapp-from-file")
    (secrets / "understudy_clusters__shop__servers__db2__password").write_text("0042")
    monkeypatch.setenv("UNDERSTUDY_SECRETS_DIRECTORY", str(secrets))
    settings = _load(write, GOOD)
    assert settings.slack.app_token is not None
    assert set(secrets_of(settings, clusters_of(settings).values())) == {"xapp-from-file", "0042"}


def test_every_mistake_is_named_at_once_with_its_mend(write: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_SLAK__BOT_TOKEN", "xoxb-1")
    text = (
        GOOD.replace('slack = "U0BOB"', 'slack = "bob"')
        .replace('people = ["alice", "bob"]', 'people = ["alice", "bobb"]')
        .replace('promote = ["dba"]', 'promote = ["dbas"]\nrestore = ["everyone"]')
        .replace('replay_lag_bytes = "4MiB"', 'replay_lag_byte = "4MiB"\ndisk_critical = "250%"')
        .replace('expires = "10m"', 'expires = "soon"\napprovals = 3')
        .replace('channel = "C0OPS"', 'channel = "#ops"\ncolour = "red"')
        .replace('unit = "postgresql"', 'container = "x"')
        .replace('host=127.0.0.3 port=5432 user=understudy"', 'host=127.0.0.2 port=5432 hots=1"')
    )
    mistakes = _mistakes(write, text)
    assert mistakes.keys() >= {
        "UNDERSTUDY_SLAK__BOT_TOKEN",
        "people.bob.slack",
        "groups.dba.people",
        "rights.promote",
        "rights.restore",
        "policies.restore",
        "policies.promote.expires",
        "policies.promote.approvals",
        "thresholds.replay_lag_byte",
        "thresholds.disk_critical",
        "clusters.shop.channel",
        "clusters.shop.colour",
        "clusters.shop.servers.db2.service.unit",
        "clusters.shop.servers.db2.service.container",
        "clusters.shop.servers.db2.conninfo",
    }
    assert "did you mean 'dba'?" in mistakes["rights.promote"]
    assert "did you mean 'bob'?" in mistakes["groups.dba.people"]


NIGHT = """
[[policies.promote.when]]
clusters = ["shop"]
from = "22:00"
to = "06:00"
days = ["fri"]
time_zone = "Europe/Vienna"
expires = "5m"
break_glass = ["dba"]
"""


def test_what_differs_at_night_is_read(write: Path) -> None:
    policies = policies_of(_load(write, GOOD + NIGHT))
    late = datetime(2026, 1, 30, 23, 30, tzinfo=UTC)
    night, day = (policy_for(policies, "promote", "shop", at) for at in (late, late - timedelta(hours=9)))
    assert night is not None
    assert day is not None
    assert (night.expires, night.break_glass) == (timedelta(minutes=5), frozenset({"dba"}))
    assert (day.expires, day.break_glass) == (timedelta(minutes=10), frozenset())


@pytest.mark.parametrize(
    ("change", "key", "mend"),
    [
        (('"22:00"', '"22"'), "policies.promote.when.0.from", "write an hour of the day"),
        (("Europe/Vienna", "Vienna"), "policies.promote.when.0.time_zone", "time zone database"),
        (('time_zone = "Europe/Vienna"', ""), "policies.promote.when.0", "need a time_zone"),
        (('to = "06:00"', ""), "policies.promote.when.0", 'give both "from" and "to"'),
        (('clusters = ["shop"]', 'clusters = ["shp"]'), "policies.promote.when.0.clusters", "did you mean 'shop'?"),
        (('break_glass = ["dba"]', 'break_glass = ["everyone"]'), "policies.promote.when.0.break_glass", "everyone"),
        (('expires = "5m"', "approvals = 3"), "policies.promote.when.0.approvals", "add approvers"),
        (('break_glass = ["dba"]', 'channels = ["#ops"]'), "policies.promote.when.0.channels.0", ""),
        (('break_glass = ["dba"]', 'channels = ["C0THER"]'), "policies.promote.when.0.channels", 'add "C0OPS"'),
    ],
)
def test_what_is_wrong_with_the_night_is_named(write: Path, change: tuple[str, str], key: str, mend: str) -> None:
    mistakes = _mistakes(write, GOOD + NIGHT.replace(*change))
    assert mend in mistakes.get(key, f"only {mistakes}")


def test_one_approver_alone_never_restores_in_place(write: Path) -> None:
    restore = '\n[policies.restore]\napprovers = ["dba"]\nrisk_approvals = 1\n'
    wrong = _mistakes(write, GOOD + restore)["policies.restore.risk_approvals"]
    assert "ask for 2 or more" in wrong
    later = '\n[policies.restore]\napprovers = ["dba"]\n[[policies.restore.when]]\nclusters = ["shop"]\n'
    assert "policies.restore.when.0.risk_approvals" in _mistakes(write, f"{GOOD}{later}risk_approvals = 1\n")


def test_missing_tokens_stand_where_the_file_has_slack_among_all_other_mistakes(write: Path) -> None:
    file = write / "understudy.toml"
    file.write_text(GOOD.replace("conninfo", "conninfos", 1))
    with pytest.raises(SettingsError) as caught:
        load_settings(file, tokens=True)
    keys = [mistake.key for mistake in caught.value.mistakes]
    assert keys[:2] == ["slack.bot_token", "slack.app_token"]
    assert any(key.startswith("clusters.shop.servers.db1") for key in keys[2:])
    with pytest.raises(SettingsError) as terminal:
        load_settings(file)
    assert [mistake.key for mistake in terminal.value.mistakes] == keys[2:]


def test_a_mistake_never_repeats_a_secret(write: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_SLACK__BOT_TOKENS", "xoxb-hidden")
    text = GOOD.replace('user=understudy"', 'user=understudy pasword=hidden-too"', 1)
    mistakes = _mistakes(write, text)
    assert "slack.bot_tokens" in mistakes
    assert "clusters.shop.servers.db1.conninfo" in mistakes
    assert "hidden" not in str(mistakes)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"[people", "not valid TOML"), (b"\xff\xfe", "not UTF-8"), (None, "no such file")],
)
def test_a_file_that_cannot_be_read_says_why(write: Path, content: bytes | None, words: str) -> None:
    file = write / "understudy.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=words):
        load_settings(file)


def test_what_init_writes_is_right_but_for_the_files_that_it_names(write: Path) -> None:
    mistakes = _mistakes(write, template())
    assert set(mistakes) == {
        "clusters.shop.servers.db1.ssh.key_file",
        "clusters.shop.servers.db2.ssh.key_file",
    }


def test_with_what_init_writes_somebody_may_ask_for_every_order_and_somebody_may_approve_it() -> None:
    written = tomllib.loads(template())
    assert set(RIGHTS) <= written["rights"].keys()
    assert set(ORDERS) == written["policies"].keys()


def test_wrong_values_of_the_backups_are_told_in_words_and_each_once(write: Path) -> None:
    wrong = (
        'kind = "native"\ndirectory = "backups"\n[clusters.shop.backups.encryption]\nrecipients = ["me@example.com"]\n'
    )
    mistakes = _mistakes(write, f"{GOOD}\n[clusters.shop.backups]\n{wrong}")
    assert mistakes.keys() == {
        "clusters.shop.backups.directory",
        "clusters.shop.backups.encryption.recipients.0",
    }
    assert "beginning with /" in mistakes["clusters.shop.backups.directory"]
    assert "whole fingerprint" in mistakes["clusters.shop.backups.encryption.recipients.0"]


def test_every_commented_default_of_the_template_can_be_put_in_force(write: Path) -> None:
    (write / "id_ed25519").touch()
    before, _, after = template().partition("[thresholds]\n")
    lines = after.split("\n\n")[0]
    settings = _load(write, before + "[thresholds]\n" + lines.replace("# ", "") + after[len(lines) :])
    common, _ = thresholds_of(settings)
    assert len(settings.thresholds) > 20
    assert (
        common
        == thresholds_of(_load(write, GOOD.replace("4MiB", "1MiB").replace("70%", "80%").replace("30h", "26h")))[0]
    )


def test_every_secret_of_a_connection_string_is_known_as_one(write: Path) -> None:
    """The key's pass phrase as well; and whatever stands in how others reach the server."""
    given = """user=understudy sslpassword='phrase of a key' password=hunter-2"\nreplication = "password=other-one"""
    settings = _load(write, GOOD.replace('port=5432 user=understudy"', f'port=5432 {given}"', 1))
    secrets = set(secrets_of(settings, clusters_of(settings).values()))
    assert secrets == {"phrase of a key", "hunter-2", "other-one"}


def test_what_init_writes_names_every_key() -> None:
    words = set(re.findall(r"\w+", template()))
    sections: list[type[BaseModel]] = [
        SlackSettings, LedgerSettings, LedgerOffsiteSettings, HttpSettings, MonitorSettings, LogSettings,
        PersonSettings, GroupSettings, PolicySettings, WhenSettings, SshSettings, ServiceSettings, ServerSettings,
        ClusterSettings, NativeBackupSettings, RetentionSettings, EncryptionSettings, OffsiteSettings,
        AutomaticFailoverSettings, AuditSettings, S3Settings, ServicesSettings, DumpSettings, VolumeSettings,
    ]  # fmt: skip
    by_environment = {"password"}  # explained beside password_file
    named = {field.alias or name for section in sections for name, field in section.model_fields.items()}
    assert named - by_environment <= words


def test_the_audit_logs_witnesses(write: Path) -> None:
    audit = """
[audit]
signing_key_file = "audit.key"
post_at = "9 o'clock"
[audit.s3]
bucket = "evidence"
mode = "MAYBE"
retain_days = 0
"""
    mistakes = _mistakes(write, GOOD + audit)
    assert "understudy audit key new audit.key" in mistakes["audit.signing_key_file"]
    assert 'such as "09:00"' in mistakes["audit.post_at"]
    assert "COMPLIANCE" in mistakes["audit.s3.mode"]
    assert "audit.s3.retain_days" in mistakes
    without_key = _mistakes(write, GOOD + '[audit]\npost_channel = "C0AUDIT"\n')
    assert "add audit.signing_key_file" in without_key["audit.post_channel"]


def test_services_beside_postgresql(write: Path) -> None:
    good = '[clusters.shop.services.pooler]\nkind = "systemd"\nunit = "pgbouncer"\nserver = "db1"\nport = 6432\n'
    (service,) = clusters_of(_load(write, GOOD + good))["shop"].services
    assert service.known_as == "systemd unit pgbouncer on db1"
    assert service.ssh.host == "127.0.0.2"
    bad = (
        '[clusters.shop.services.api]\nkind = "compose"\nunit = "x"\nservice = "--api"\nserver = "db9"\nurl = "ftp:"\n'
    )
    mistakes = _mistakes(write, GOOD + bad)
    key = "clusters.shop.services.api"
    assert mistakes[f"{key}.directory"] == "is missing for kind = 'compose'; add it"
    assert "has no meaning" in mistakes[f"{key}.unit"]
    assert "servers are db1, db2" in mistakes[f"{key}.server"]
    assert f"{key}.service" in mistakes
    assert f"{key}.url" in mistakes


@pytest.mark.parametrize("user", ["health:secret@", "health@", ":secret@"])
def test_a_service_url_has_no_password_in_it(write: Path, user: str) -> None:
    service = (
        '[clusters.shop.services.api]\nkind = "systemd"\nunit = "api"\nserver = "db1"\nurl = "http://{}10.0.0.1/{}"\n'
    )
    _load(write, GOOD + service.format("", "who?mail=a@b"))
    mistakes = _mistakes(write, GOOD + service.format(user, ""))
    assert "has a user or password in it" in mistakes["clusters.shop.services.api.url"]
    assert "secret" not in str(mistakes)
