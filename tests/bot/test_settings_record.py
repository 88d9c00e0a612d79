"""What a start leaves on record of its settings: what changed since the last one, by name, and never a value."""

from pathlib import Path

from bot.settings import Settings, load_settings
from bot.settings_record import key_digests, settings_details
from ledger.redact import Redactor

SETTINGS = """
[rights]
view = ["everyone"]
[clusters.shop]
channel = "{channel}"
[clusters.shop.servers.db1]
conninfo = "host=10.0.0.11 user=understudy password={password}"
[clusters.shop.servers.db1.ssh]
host = "10.0.0.11"
user = "postgres"
known_hosts = "known_hosts"
[clusters.shop.servers.db1.service]
kind = "pg_ctl"
data_directory = "/data"
"""


def settings(directory: Path, channel: str = "C0OPS", word: str = "swordfish", more: str = "") -> Settings:
    directory.mkdir(exist_ok=True)
    (directory / "known_hosts").touch()
    file = directory / "understudy.toml"
    second = SETTINGS[SETTINGS.index("[clusters.shop.servers.db1]") :].replace("db1", "db2").replace(".11", ".12")
    file.write_text((SETTINGS + second).format(channel=channel, password=word) + more)
    return load_settings(file)


def digests(loaded: Settings, *secrets: str) -> dict[str, str]:
    return key_digests(loaded, Redactor(secrets))


def test_what_changed_is_told_by_the_names_of_its_keys(tmp_path: Path) -> None:
    before = digests(settings(tmp_path))
    after = digests(settings(tmp_path, channel="C0OTHER", more='[thresholds]\nreplay_lag_for = "5s"\n'))
    details = settings_details(after, before)
    assert details["changed"] == ["clusters.shop.channel", "thresholds", "thresholds.replay_lag_for"]
    assert details["line"] == "changed: clusters.shop.channel, thresholds, thresholds.replay_lag_for"
    assert settings_details(before, before)["line"] == "unchanged"
    assert settings_details(before, before)["digest"] != details["digest"]


def test_a_first_start_has_nothing_to_compare_with(tmp_path: Path) -> None:
    details = settings_details(digests(settings(tmp_path)), None)
    assert "changed" not in details
    assert details["line"] == "first start: nothing to compare with"


def test_no_value_is_kept_and_no_secret_is_in_a_digest(tmp_path: Path) -> None:
    one = digests(settings(tmp_path, word="swordfish"), "swordfish")
    other = digests(settings(tmp_path, word="sesame"), "sesame")
    assert one == other
    assert "10.0.0.11" not in repr(settings_details(one, None))


def test_where_the_file_lies_is_no_change(tmp_path: Path) -> None:
    assert digests(settings(tmp_path / "a")) == digests(settings(tmp_path / "b"))
