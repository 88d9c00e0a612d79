"""`understudy recover`: everything is gone but the settings, the key and the store. It needs no Slack.

It is the order `restore CLUSTER SERVER --to WHEN --from-store`, so that rights, approvals, intent and audit are those
of every order. The ledger comes back first (`recover_ledger`); what an earlier start of this left in the middle is gone
on with, and nothing is begun beside it.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bot.inventory import clusters_of
from bot.settings import Settings
from bot.terminal.ha import run_ha
from bot.terminal.recover_ledger import recover_ledger, would_come_back
from bot.terminal.recover_left import what_is_left
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster, OffsitePlace

_STORE = re.compile(r"^s3://([^/]+)/?(.*)$")


class CannotRecover(Exception):
    """What was typed and the settings do not fit. The message says what to change."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was typed. `at` as after `restore --to`; `alone`: under break glass; `dry_run`: only the plan is wanted."""

    store: str
    server: str
    cluster: str | None
    at: str
    alone: bool = False
    dry_run: bool = False


async def run_recover(settings: Settings, wanted: Recovery, *, reason: str | None, confirmation: str | None) -> int:
    """The exit status is 0 only once the server takes writes. Raises CannotRecover."""
    words = order_words(clusters_of(settings), wanted)
    if wanted.dry_run:
        return await _only_look(settings, words)
    try:
        await recover_ledger(settings, _say)
    except ActionFailed as error:
        raise CannotRecover(f"the ledger does not come back: {error}") from error
    left = await what_is_left(settings, words[1], wanted.server)
    if left is not None:
        _say(left.line)
        words = list(left.words)
    return await run_ha(settings, words, reason=reason, confirmation=confirmation)


async def _only_look(settings: Settings, words: list[str]) -> int:
    """Nothing comes back, and no ledger is begun where there is none."""
    if settings.path(settings.ledger.path).exists():
        return await run_ha(settings, [*words, "--dry-run"], reason=None, confirmation=None)
    try:
        for line in await would_come_back(settings):
            _say(line)
    except ActionFailed as error:
        raise CannotRecover(f"the ledger would not come back: {error}") from error
    with tempfile.TemporaryDirectory(prefix="understudy-") as directory:
        ledger = settings.ledger.model_copy(update={"path": Path(directory) / "ledger.sqlite3"})
        elsewhere = settings.model_copy(update={"ledger": ledger})
        return await run_ha(elsewhere, [*words, "--dry-run"], reason=None, confirmation=None)


def order_words(clusters: dict[str, Cluster], wanted: Recovery) -> list[str]:
    """The order in its own words. Pure. Raises CannotRecover."""
    cluster = _cluster(clusters, wanted)
    place = cluster.backups.offsite if cluster.backups else None
    key = f"[clusters.{cluster.name}.backups.offsite]"
    if place is None:
        raise CannotRecover(f"the settings have no {key}: set its bucket, and what reaches it")
    match = _STORE.match(wanted.store)
    if match is None:
        raise CannotRecover(f"{wanted.store} is no store: write s3://BUCKET/PREFIX, as {store_of(place)}")
    prefix = match[2].rstrip("/")
    # What is approved is what the settings say, also when another process has to carry it on.
    if match[1] != place.bucket or (prefix and prefix != place.prefix.rstrip("/")):
        raise CannotRecover(
            f"the settings say {store_of(place)}, not {wanted.store}: correct bucket and prefix in {key}"
        )
    alone = ["--break-glass"] if wanted.alone else []
    return ["restore", cluster.name, wanted.server, "--to", *wanted.at.split(), "--from-store", *alone]


def _say(line: str) -> None:
    Console().print(line, markup=False, highlight=False, soft_wrap=True)


def store_of(place: OffsitePlace) -> str:
    return f"s3://{place.bucket}/{place.prefix}"


def _cluster(clusters: dict[str, Cluster], wanted: Recovery) -> Cluster:
    if wanted.cluster is not None and wanted.cluster not in clusters:
        raise CannotRecover(f"the settings have no cluster {wanted.cluster}: there are {', '.join(sorted(clusters))}")
    named = [one for name, one in clusters.items() if wanted.cluster in (None, name)]
    having = [one for one in named if any(server.name == wanted.server for server in one.servers)]
    if not having:
        known = ", ".join(server.name for one in named for server in one.servers)
        raise CannotRecover(f"the settings have no server {wanted.server}: there are {known}")
    if len(having) > 1:
        raise CannotRecover(
            f"{', '.join(one.name for one in having)} have a {wanted.server}: say which, with --cluster"
        )
    return having[0]
