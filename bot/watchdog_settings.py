"""The settings of who watches the watcher, and of alerts that others send."""

from collections.abc import Iterator, Mapping
from datetime import time
from typing import Any, Literal

from pydantic import SecretStr, field_validator

from alerts.itself import RESERVED_NAMES
from bot.settings_mistakes import PREFIX, Mistake
from bot.settings_types import Seconds, Section, SlackChannel, parse_clock

_SHORTEST_TOKEN = 16


class WatchdogSettings(Section):
    """`channel` (without it: the first cluster's) gets what is wrong with Understudy itself, and the daily word that
    all is well. `ping_url` is asked for with GET every `ping_every` while everything works; it may hold a secret."""

    channel: SlackChannel | None = None
    ping_url: SecretStr | None = None
    ping_every: Seconds = 60.0
    all_is_well_at: time | Literal["never"] = time(8)

    @field_validator("all_is_well_at", mode="before")
    @classmethod
    def _clock(cls, value: object) -> object:
        return (
            value if value == "never" else parse_clock(value, 'write a time of day, UTC, such as "08:00", or "never"')
        )


class WebhookSettings(Section):
    """Where Alertmanager may send its alerts: POST /alertmanager with the `token` as bearer.

    An alert whose label `cluster_label` names a cluster stands there; any other in `channel` (without it: the
    watchdog's). `critical` and `ignored` are values of the label `severity`; any other is a warning.
    """

    token: SecretStr | None = None
    channel: SlackChannel | None = None
    cluster_label: str = "cluster"
    critical: tuple[str, ...] = ("critical", "page", "emergency")
    ignored: tuple[str, ...] = ("none", "info")


def mistakes_in_watchdog(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the sections' shape cannot say."""
    for name in raw.get("clusters") or ():
        if name in RESERVED_NAMES:
            yield Mistake(f"clusters.{name}", "is a name that Understudy uses itself", "give the cluster another name")
    watchdog, webhook = raw.get("watchdog"), raw.get("webhook")
    url = _revealed(watchdog.get("ping_url")) if isinstance(watchdog, Mapping) else ""
    if url and not url.startswith(("https://", "http://")):
        yield Mistake("watchdog.ping_url", "is no URL", 'write one that begins with "https://"')
    if isinstance(webhook, Mapping):
        token = _revealed(webhook.get("token"))
        if not token:
            right = f"set {PREFIX}WEBHOOK__TOKEN, or write it into a secret file; `openssl rand -hex 24` makes one"
            yield Mistake("webhook.token", "is missing", right)
        elif len(token) < _SHORTEST_TOKEN:
            yield Mistake("webhook.token", "can be guessed", f"use {_SHORTEST_TOKEN} characters at the least")


def _revealed(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")
