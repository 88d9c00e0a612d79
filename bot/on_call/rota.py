"""Whose turn it is by a rota of the settings. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Rota:
    """`people` take turns of `days` days each, the first of them from `start` on, at `handover` by the wall clock."""

    people: tuple[str, ...]
    start: date
    days: int
    handover: time
    zone: ZoneInfo

    def on_call(self, now: datetime) -> str:
        """Before the start it is the turn of the first one."""
        local = now.astimezone(self.zone)
        passed = (local.date() - self.start).days - (local.time() < self.handover)
        return self.people[max(0, passed // self.days) % len(self.people)]
