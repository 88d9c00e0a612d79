"""The settings of base backups and the archive: what they become, and what is said of mistakes."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.backup_settings import NativeBackupSettings, mistakes_in_backups, mistakes_in_shared_backups, native_place
from servers.inventory import BackupPlace, BackupTool, Encryption, Retention

KEY = "0123456789ABCDEF" * 2 + "01234567"
SERVERS: dict[str, dict[str, str]] = {"db1": {}, "db2": {}}


def test_only_a_directory_is_needed() -> None:
    place = native_place(NativeBackupSettings.model_validate({"directory": "/backups"}))

    assert place == BackupPlace(BackupTool.NATIVE, "/backups")


def test_what_is_kept_and_who_can_read_it() -> None:
    section = NativeBackupSettings.model_validate(
        {
            "kind": "native",
            "directory": "/backups",
            "archive_directory": "/wal",
            "server": "db2",
            "keep": {"full": 7, "age": "14d"},
            "encryption": {"recipients": [KEY], "gpg_home": "/var/lib/gnupg"},
        }
    )

    place = native_place(section)

    assert place.retention == Retention(7, 14 * 86400.0)
    assert place.encryption == Encryption((KEY,), "/var/lib/gnupg")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("directory", "backups"),
        ("directory", "/a\nb"),
        ("keep", {"full": 0}),
        ("keep", {"age": "soon"}),
        ("encryption", {"recipients": []}),
        ("encryption", {"recipients": ["01234567"]}),  # a short id could be somebody else's
        ("encryption", {"recipients": ["-o/etc/passwd"]}),
        ("encryption", {"recipients": [KEY], "gpg_home": "gnupg"}),
    ],
)
def test_what_has_the_wrong_shape_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        NativeBackupSettings.model_validate({"directory": "/backups", field: value})


@pytest.mark.parametrize(
    ("backups", "key", "right"),
    [
        ({"server": "db22"}, "clusters.shop.backups.server", "did you mean 'db2'?"),
        ({"server": "elsewhere"}, "clusters.shop.backups.server", "known are db1, db2"),
        (
            {"directory": "/b", "archive_directory": "/b/wal"},
            "clusters.shop.backups.archive_directory",
            "give the archive a directory of its own",
        ),
    ],
)
def test_what_does_not_go_together_is_named(backups: dict[str, Any], key: str, right: str) -> None:
    (mistake,) = mistakes_in_backups("clusters.shop", {"servers": SERVERS, "backups": backups})

    assert (mistake.key, mistake.right) == (key, right)


def test_an_archive_whose_name_begins_alike_lies_elsewhere() -> None:
    backups = {"directory": "/backups", "archive_directory": "/backups-wal"}

    assert not list(mistakes_in_backups("clusters.shop", {"servers": SERVERS, "backups": backups}))


@pytest.mark.parametrize("field", ["directory", "archive_directory"])
@pytest.mark.parametrize("path", ["/srv/db1/data/backups", "/srv/db1/data", "/srv/db1", "/srv"])
def test_backups_lie_neither_within_a_data_directory_nor_around_it(field: str, path: str) -> None:
    """A restore in place would move them aside, and retention would look at the data directory."""
    servers = {"db1": {"service": {"data_directory": "/srv/db1/data"}}}
    backups = {"directory": "/b", field: path}

    (mistake,) = mistakes_in_backups("clusters.shop", {"servers": servers, "backups": backups})

    assert (mistake.key, mistake.wrong) == (
        f"clusters.shop.backups.{field}",
        "lies within the data directory of db1, or around it",
    )


def test_two_clusters_never_share_a_directory_on_a_host() -> None:
    """Retention of one would remove the other one's WAL, which has the same names."""

    def cluster(host: str, archive: str) -> dict[str, Any]:
        backups = {"directory": f"/b/{archive}", "archive_directory": f"/wal/{archive}"}
        return {"servers": {"db1": {"ssh": {"host": host}}}, "backups": backups}

    def mistakes(billing: dict[str, Any]) -> list[str]:
        return [one.key for one in mistakes_in_shared_backups({"billing": billing, "shop": cluster("10.0.0.1", "a")})]

    shared = cluster("10.0.0.1", "b")
    shared["backups"]["archive_directory"] = "/wal/a/"
    assert mistakes(shared) == ["clusters.shop.backups.archive_directory"]
    assert mistakes(cluster("10.0.0.2", "a")) == []
    assert mistakes(cluster("10.0.0.1", "b")) == []
