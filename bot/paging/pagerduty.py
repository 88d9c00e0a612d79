"""PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/."""

from dataclasses import dataclass

from bot.asking import ask_json
from bot.paging.service import Word
from ledger.forwarding import Told

_ACTIONS = {Told.TRIGGERED: "trigger", Told.ACKNOWLEDGED: "acknowledge", Told.RESOLVED: "resolve"}
_LONGEST_SUMMARY = 1024


@dataclass(frozen=True, slots=True)
class PagerDutyEvents:
    """`key` is the routing key of an integration."""

    name: str
    key: str
    url: str = "https://events.pagerduty.com"

    async def tell(self, word: Word) -> None:
        alert = word.alert
        body = {
            "routing_key": self.key,
            "event_action": _ACTIONS[word.told],
            "dedup_key": word.key,
            "payload": {
                "summary": f"{word.title}: {alert.value}"[:_LONGEST_SUMMARY],
                "source": alert.subject or alert.cluster,
                "severity": alert.severity.value,
                "timestamp": alert.since.isoformat(),
                "component": alert.subject,
                "group": alert.cluster,
                "class": alert.rule,
                "custom_details": {"value": alert.value, "threshold": alert.threshold, "evidence": alert.evidence},
            },
        }
        await ask_json("POST", f"{self.url}/v2/enqueue", body=body)
