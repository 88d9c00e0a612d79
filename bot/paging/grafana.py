"""Grafana OnCall's formatted webhook: https://grafana.com/docs/oncall/latest/configure/integrations/references/webhook/.

It knows no acknowledgement that comes from elsewhere: that word is left out.
"""

from dataclasses import dataclass

from bot.asking import ask_json
from bot.paging.service import Word
from ledger.forwarding import Told


@dataclass(frozen=True, slots=True)
class GrafanaWebhook:
    """`url` is the integration's own, and a secret."""

    name: str
    url: str

    async def tell(self, word: Word) -> None:
        if word.told is Told.ACKNOWLEDGED:
            return
        alert = word.alert
        body = {
            "alert_uid": word.key,
            "title": word.title,
            "state": "ok" if word.told is Told.RESOLVED else "alerting",
            "message": f"{alert.value} (should be {alert.threshold})\n{alert.evidence}",
        }
        await ask_json("POST", self.url, body=body)
