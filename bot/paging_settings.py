"""The settings' [paging.NAME]: services that are told of alerts as well, so that somebody's telephone rings."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from bot.paging.forwarder import Forwarding
from bot.paging.grafana import GrafanaWebhook
from bot.paging.opsgenie import OpsgenieAlerts
from bot.paging.pagerduty import PagerDutyEvents
from bot.paging.service import PagingService
from bot.settings_mistakes import PREFIX, Mistake
from bot.settings_types import Section
from ledger.alerts import Severity


class PagingSettings(Section):
    """`key` is PagerDuty's routing key, Opsgenie's API key, or the whole URL of Grafana OnCall's webhook."""

    kind: Literal["pagerduty", "opsgenie", "grafana"]
    key: SecretStr | None = None
    url: str | None = None
    severities: Annotated[tuple[Literal["info", "warning", "critical"], ...], Field(min_length=1)] = ("critical",)


def forwardings(sections: Mapping[str, PagingSettings]) -> tuple[Forwarding, ...]:
    """The same as the bot tells them."""
    return tuple(
        Forwarding(_service(name, section), frozenset(map(Severity, section.severities)))
        for name, section in sections.items()
    )


def _service(name: str, section: PagingSettings) -> PagingService:
    key = section.key.get_secret_value() if section.key else ""
    url = {"url": section.url.rstrip("/")} if section.url else {}
    match section.kind:
        case "pagerduty":
            return PagerDutyEvents(name, key, **url)
        case "opsgenie":
            return OpsgenieAlerts(name, key, **url)
        case "grafana":
            return GrafanaWebhook(name, key)


def mistakes_in_paging(raw: object) -> Iterator[Mistake]:
    """What the sections' shape cannot say, over the raw values."""
    for name, section in raw.items() if isinstance(raw, Mapping) else ():
        if not isinstance(section, Mapping):
            continue
        if not section.get("key"):
            variable = f"{PREFIX}PAGING__{str(name).upper()}__KEY"
            yield Mistake(f"paging.{name}.key", "is missing", f"set {variable}, or write it into a secret file")
        if section.get("kind") == "grafana" and section.get("url"):
            yield Mistake(f"paging.{name}.url", "is not used", "the key of Grafana OnCall is the whole URL: drop this")
