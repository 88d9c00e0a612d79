"""Opsgenie's alerts: https://docs.opsgenie.com/docs/alert-api, by alias."""

from dataclasses import dataclass
from urllib.parse import quote

from bot.asking import ask_json
from bot.paging.service import Word
from ledger.alerts import Severity
from ledger.forwarding import Told

_PRIORITIES = {Severity.CRITICAL: "P1", Severity.WARNING: "P3", Severity.INFO: "P5"}
_LONGEST_MESSAGE = 130


@dataclass(frozen=True, slots=True)
class OpsgenieAlerts:
    """`key` is an API key of an integration."""

    name: str
    key: str
    url: str = "https://api.opsgenie.com"

    async def tell(self, word: Word) -> None:
        headers = {"Authorization": f"GenieKey {self.key}"}
        alias = quote(word.key, safe="")
        match word.told:
            case Told.TRIGGERED:
                await ask_json("POST", f"{self.url}/v2/alerts", headers=headers, body=_alert(word))
            case Told.ACKNOWLEDGED:
                url = f"{self.url}/v2/alerts/{alias}/acknowledge"
                who = word.alert.acknowledged_by
                body = {"source": "understudy", "note": f"by {who.name} in Slack" if who else ""}
                await ask_json("POST", url, headers=headers, params={"identifierType": "alias"}, body=body)
            case _:
                url = f"{self.url}/v2/alerts/{alias}/close"
                body = {"source": "understudy", "note": word.alert.value}
                await ask_json("POST", url, headers=headers, params={"identifierType": "alias"}, body=body)


def _alert(word: Word) -> dict[str, object]:
    alert = word.alert
    return {
        "message": word.title[:_LONGEST_MESSAGE],
        "alias": word.key,
        "description": f"{alert.value} (should be {alert.threshold})\n{alert.evidence}"[:15000],
        "priority": _PRIORITIES[alert.severity],
        "source": "understudy",
        "entity": f"{alert.cluster}/{alert.subject}"[:512],
        "tags": [alert.cluster, alert.rule],
    }
