"""The daily word that all is well, or what is not: so that silence is never ambiguous. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ledger.alerts import AlertRow, Severity
from ledger.page import Item, Items, Note, Page, Tone
from ledger.quantities import count_text, seconds_text
from servers.verdict import Verdict

# Later than this after its time it is not said any more: a bot that was started in the afternoon keeps quiet.
SAID_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ClusterWord:
    """What is said of one cluster. Ages in seconds; None: not known by now, or nothing of the kind."""

    name: str
    verdict: Verdict | None
    backup_age: float | None = None
    drill_age: float | None = None

    @property
    def well(self) -> bool:
        return self.verdict is Verdict.HEALTHY


def day_due(at: time, now: datetime) -> str | None:
    """The day (UTC, ISO) whose word is due now, None before its time and long after it."""
    due = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return due.date().isoformat() if due <= now < due + SAID_WITHIN else None


def word_page(clusters: Sequence[ClusterWord], firing: Sequence[AlertRow], failed_looks: int) -> Page:
    """`firing` are all alerts that fire now, `failed_looks` how many looks failed since the start."""
    wrong = [cluster for cluster in clusters if not cluster.well]
    well = not wrong and not firing
    critical = any(alert.severity is Severity.CRITICAL for alert in firing)
    title = "All is well" if well else "Understudy works, and not all is well"
    return Page(
        title=title,
        summary=_summary(clusters, wrong, firing),
        tone=Tone.GOOD if well else Tone.CRITICAL if critical else Tone.WARNING,
        parts=(
            Items("Clusters", tuple(_item(cluster) for cluster in clusters)),
            Note((f"Said once a day. {_looks(failed_looks)}",)),
        ),
    )


def _summary(clusters: Sequence[ClusterWord], wrong: Sequence[ClusterWord], firing: Sequence[AlertRow]) -> str:
    watched = count_text(len(clusters), "cluster")
    if not wrong and not firing:
        return f"{watched} watched, each healthy; no alert is open."
    parts = [f"{watched} watched", f"{len(wrong)} not healthy", f"{count_text(len(firing), 'alert')} open"]
    return f"{', '.join(parts)}: /ha alerts has them."


def _item(cluster: ClusterWord) -> Item:
    tone = Tone.UNKNOWN if cluster.verdict is None else Tone.GOOD if cluster.well else Tone.WARNING
    return Item(tone, cluster.name, _line(cluster))


def _line(cluster: ClusterWord) -> str:
    verdict = "not seen lately" if cluster.verdict is None else cluster.verdict.value
    backup = None if cluster.backup_age is None else f"newest backup {seconds_text(cluster.backup_age)} old"
    drill = None if cluster.drill_age is None else f"last drill passed {seconds_text(cluster.drill_age)} ago"
    return ", ".join(part for part in (verdict, backup, drill) if part)


def _looks(failed: int) -> str:
    return "No look has failed since the start." if not failed else f"{failed} looks have failed since the start."
