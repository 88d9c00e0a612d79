"""What `pgbackrest info --output=json` says, as values.

https://pgbackrest.org/command.html#command-info, and src/command/info/info.c of its source for the status codes. What
newer versions than 2.45 add (the progress of a backup) is read where it is there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from servers.backups.archive import DEFAULT_SEGMENT_SIZE
from servers.backups.pgbackrest.failures import in_short
from servers.lsn import Lsn, parse_lsn
from servers.state import BaseBackup

NO_STANZA = (1, 3)  # missing stanza path, missing stanza data
NO_BACKUPS = 2
NOT_THERE = 6  # the one that was asked for by its name
_SEGMENT_SIZES = tuple(1 << power for power in range(20, 31))  # 1 MB to 1 GB
_NUMBER = 8  # hexadecimal digits of a part of a segment's name


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of the configuration. `problem` is what pgBackRest says is wrong with it, or ''.

    `archive` is the id of the newest WAL archive there ("15-1"), `newest_segment` the last segment's name in it.
    """

    key: int
    encrypted: bool
    problem: str
    archive: str | None = None
    newest_segment: str | None = None

    @property
    def name(self) -> str:
        return f"repo{self.key}"


@dataclass(frozen=True, slots=True)
class Running:
    """A backup that runs now, whoever began it. Bytes, where this version tells."""

    copied: int | None = None
    total: int | None = None

    @property
    def progress(self) -> str:
        """ ", 43 % done" or ''."""
        if self.copied is None or not self.total:
            return ""
        return f", {self.copied * 100 // self.total} % done"


@dataclass(frozen=True, slots=True)
class Info:
    """A stanza. `code` and `message` are its status; backups are newest first."""

    code: int
    message: str
    repositories: tuple[Repository, ...]
    backups: tuple[BaseBackup, ...]
    running: Running | None
    segment_size: int | None

    @property
    def problem(self) -> str:
        """What is wrong with any repository, in one line; '' where nothing is."""
        return "; ".join(f"{each.name}: {each.problem}" for each in self.repositories if each.problem)


def parse_info(stanza: str, text: str, verified: Mapping[tuple[str, str], datetime] | None = None) -> Info:
    """The stanza of that name. `verified`: by repository's name and label. ValueError when it makes no sense."""
    try:
        stanzas = json.loads(text)
        one = next(each for each in stanzas if each["name"] == stanza)
        return _info(stanza, one, verified or {})
    except json.JSONDecodeError as error:
        raise ValueError(f"pgBackRest's answer is no JSON, or too long: {error}") from None
    except (KeyError, TypeError, StopIteration, AttributeError) as error:
        raise ValueError(f"pgBackRest's answer makes no sense: {type(error).__name__} {error}") from None


def parse_verified(lines: Sequence[str]) -> dict[tuple[str, str], datetime]:
    """When each backup was last verified, by repository's name and label: "1 20261124-123524F 1795523724"."""
    found = {}
    for line in lines:
        words = line.split()
        if len(words) == 3 and words[0].isdigit() and words[2].isdigit():
            found[f"repo{words[0]}", words[1]] = datetime.fromtimestamp(int(words[2]), UTC)
    return found


def segment_size_of(pairs: Sequence[tuple[Lsn, str]]) -> int | None:
    """The size of a segment, told from positions and the names of the segments that have them; None: cannot be told.

    The last part of a name counts segments of this size within 4 GB: where it is not 0, one size alone fits.
    """
    for lsn, name in pairs:
        number = int(name[-_NUMBER:], 16)
        for size in _SEGMENT_SIZES if number else ():
            if (lsn & 0xFFFFFFFF) // size == number:
                return size
    return None


def _info(stanza: str, one: Mapping[str, Any], verified: Mapping[tuple[str, str], datetime]) -> Info:
    repositories = {each.key: each for each in _repositories(one)}
    backups = [
        _backup(stanza, each, repositories[each["database"]["repo-key"]], verified)
        for each in one["backup"]
        if each["database"]["repo-key"] in repositories
    ]
    status = one["status"]
    lock = status.get("lock", {}).get("backup", {})
    return Info(
        code=int(status["code"]),
        message=" ".join(str(status["message"]).split())[:300],
        repositories=tuple(repositories.values()),
        backups=tuple(sorted(backups, key=lambda backup: (backup.finished_at, backup.name), reverse=True)),
        running=Running(lock.get("size-cplt"), lock.get("size")) if lock.get("held") else None,
        segment_size=segment_size_of(list(_positions(one["backup"]))),
    )


def _repositories(one: Mapping[str, Any]) -> Iterator[Repository]:
    for repository in one["repo"]:
        key, status = int(repository["key"]), repository["status"]
        archives = [each for each in one["archive"] if each["database"]["repo-key"] == key]
        newest = max(archives, key=lambda each: int(each["database"]["id"]), default=None)
        said = "" if status["code"] in (0, NO_BACKUPS) else in_short(str(status["message"]))
        yield Repository(
            key=key,
            encrypted=repository.get("cipher", "none") != "none",
            problem=said,
            archive=newest["id"] if newest else None,
            newest_segment=newest["max"] if newest else None,
        )


def _positions(backups: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Lsn, str]]:
    for backup in backups:
        lsn, archive = backup.get("lsn"), backup["archive"]
        if lsn and archive.get("start"):
            yield parse_lsn(lsn["start"]), archive["start"]


def _backup(
    stanza: str, one: Mapping[str, Any], repository: Repository, verified: Mapping[tuple[str, str], datetime]
) -> BaseBackup:
    label, lsn, times = one["label"], one.get("lsn") or {}, one["timestamp"]
    stop = one["archive"].get("stop")
    sizes = one["info"].get("repository", {})
    return BaseBackup(
        name=label,
        path=f"{repository.name}: backup/{stanza}/{label}",
        started_at=datetime.fromtimestamp(times["start"], UTC),
        finished_at=datetime.fromtimestamp(times["stop"], UTC),
        size=int(sizes.get("delta", one["info"].get("delta", 0))),
        start_lsn=parse_lsn(lsn["start"]) if lsn.get("start") else None,
        end_lsn=parse_lsn(lsn["stop"]) if lsn.get("stop") else None,
        timeline=int(stop[:_NUMBER], 16) if stop else None,
        kind=one["type"],
        based_on=one["prior"],
        repository=repository.name,
        encrypted=repository.encrypted,
        verified_at=verified.get((repository.name, label)),
        problem=_problem(one),
    )


def _problem(one: Mapping[str, Any]) -> str:
    """`error` tells that pages did not agree with their checksums when they were copied."""
    if not one.get("error"):
        return ""
    where = [
        str(each.get("name", each)) if isinstance(each, Mapping) else str(each) for each in one.get("error-list", ())
    ]
    return "pages were damaged in the database when it was copied" + (f": {', '.join(where)[:200]}" if where else "")


def segment_size_or_default(info: Info, told: str | None) -> int:
    """As the backups say, else as the server's control data do, else PostgreSQL's own default."""
    if info.segment_size:
        return info.segment_size
    return int(told) if told and told.isdigit() and int(told) in _SEGMENT_SIZES else DEFAULT_SEGMENT_SIZE
