"""The state of clusters as people read it: state first, numbers with units, and what is not known said plainly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.patroni_history import history_parts
from commands.pausing.words import pause_words
from commands.promotion.traffic import TargetSeen
from commands.status_patroni import patroni_parts, patroni_tone, patroni_word
from commands.status_servers import disk_text, lag_text, role_text, server_parts
from commands.status_traffic import traffic_lines
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.maintenance import Maintenance
from ledger.operations import Operation, OperationState
from ledger.page import Facts, Item, Items, Mention, Moment, Note, Page, Part, Span, Table, Tone, note, text
from ledger.patroni_pauses import PatroniPause
from ledger.quantities import count_text, seconds_text
from servers.inventory import Cluster
from servers.lag import replay_lag_bytes
from servers.patroni_state import HistoryEntry
from servers.state import BackupState, ClusterState, SqlFacts
from servers.verdict import Judgement, Verdict

UNKNOWN = "unknown"

_TONES: Mapping[Verdict, Tone] = {
    Verdict.HEALTHY: Tone.GOOD,
    Verdict.STANDBY_DOWN: Tone.WARNING,
    Verdict.REPLICATION_BROKEN: Tone.WARNING,
    Verdict.PRIMARY_DOWN: Tone.CRITICAL,
    Verdict.PRIMARY_UNREACHABLE: Tone.WARNING,
    Verdict.NO_PRIMARY: Tone.CRITICAL,
    Verdict.SPLIT_BRAIN: Tone.CRITICAL,
    Verdict.DIFFERENT_TIMELINES: Tone.CRITICAL,
    Verdict.NOT_A_PAIR: Tone.CRITICAL,
    Verdict.UNKNOWN: Tone.UNKNOWN,
}
_SEVERITIES: Mapping[Severity, Tone] = {
    Severity.CRITICAL: Tone.CRITICAL,
    Severity.WARNING: Tone.WARNING,
    Severity.INFO: Tone.INFO,
}


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What there is to show of a cluster. `state` and `judgement` are None when the look took too long."""

    cluster: Cluster
    state: ClusterState | None
    judgement: Judgement | None
    alerts: tuple[AlertRow, ...]
    operation: Operation | None
    maintenance: Maintenance | None = None
    traffic: tuple[TargetSeen, ...] = ()
    pause: PatroniPause | None = None
    history: tuple[HistoryEntry, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict if self.judgement else Verdict.UNKNOWN

    @property
    def primary(self) -> SqlFacts | None:
        """What the primary says, if it speaks."""
        if self.state is None or self.judgement is None or self.judgement.primary is None:
            return None
        return self.state.server(self.judgement.primary).sql


def cluster_page(view: ClusterView, now: datetime) -> Page:
    """One cluster in full."""
    name, verdict = view.cluster.name, view.verdict
    return Page(
        title=f"{name}: {verdict}",
        tone=_tone(view),
        summary=_summary(view, now),
        parts=(
            *_at_work(view),
            *_operation(view),
            *(server_parts(view.state, view.primary, now) if view.state else ()),
            *patroni_parts(view.state),
            *history_parts(view.history),
            *traffic_lines(view.traffic, view.judgement.primary if view.judgement else None, view.operation),
            *(_evidence(view) or _unknown(view)),
            *_alerts(view),
            *((Facts(_backup_facts(view.state.backups, now)),) if view.state and view.state.backups else ()),
            Note(("Looked at ", Moment(view.state.at if view.state else now))),
        ),
    )


def overview_page(views: Sequence[ClusterView], now: datetime) -> Page:
    """All clusters, the worst first, a line each."""
    ordered = sorted(views, key=lambda view: (_BADNESS.index(_tone(view)), view.cluster.name))
    well = sum(view.verdict is Verdict.HEALTHY for view in views)
    worst = _tone(ordered[0]) if ordered else Tone.UNKNOWN
    rows = tuple(
        (
            view.cluster.name,
            _in_words(view),
            (view.judgement.primary if view.judgement else None) or UNKNOWN,
            _worst_lag(view),
            disk_text(view.state.servers) if view.state else UNKNOWN,
            _backup_age(view, now),
            _alert_count(view),
            f"{view.operation.id} {view.operation.state}" if view.operation else "none",
        )
        for view in ordered
    )
    title = f"{well} of {count_text(len(views), 'cluster')} healthy"
    bad = ", ".join(f"{view.cluster.name}: {view.verdict}" for view in ordered if view.verdict is not Verdict.HEALTHY)
    return Page(
        title=title,
        tone=worst,
        summary=f"{title}. {bad}".strip(),
        parts=(
            Table(_COLUMNS, rows),
            Note(("For one in full: /ha status CLUSTER. Looked at ", Moment(now))),
        ),
    )


_COLUMNS = (
    "Cluster", "State", "Primary", "Replay lag", "Fullest disk", "Last backup", "Open alerts", "Operation",
)  # fmt: skip
_WAITING = (OperationState.PLANNED, OperationState.AWAITING_APPROVAL)
_BADNESS = (Tone.CRITICAL, Tone.UNKNOWN, Tone.WARNING, Tone.GOOD)


def _tone(view: ClusterView) -> Tone:
    """The worst of what the verdict, Patroni and the alerts say: one that cannot be asked leaves nothing healthy."""
    alerts = (_SEVERITIES[alert.severity] for alert in view.alerts if _counts(alert))
    tones = (_TONES[view.verdict], *filter(None, (patroni_tone(view.state),)), *alerts)
    return min(tones, key=_BADNESS.index)


def _counts(alert: AlertRow) -> bool:
    """Whether it is news that something is bad: silenced, it is known."""
    return alert.state is AlertState.FIRING and alert.silenced_by is None and alert.severity is not Severity.INFO


def _alert_count(view: ClusterView) -> str:
    """“2, critical”; the worst of those that are not silenced."""
    if not view.alerts:
        return "none"
    severities = {alert.severity for alert in view.alerts if _counts(alert)}
    worst = next((str(one) for one in (Severity.CRITICAL, Severity.WARNING) if one in severities), None)
    return f"{len(view.alerts)}, {worst}" if worst else str(len(view.alerts))


def _backup_age(view: ClusterView, now: datetime) -> str:
    """Of the newest complete one; “-” where the settings name no backups."""
    if view.cluster.backups is None:
        return "-"
    backups = view.state.backups if view.state else None
    if backups is None or not backups.answer.ok:
        return UNKNOWN
    finished = max((one.finished_at for one in backups.backups if one.finished_at is not None), default=None)
    return "none found" if finished is None else f"{seconds_text(max(now - finished, timedelta()))} ago"


def _in_words(view: ClusterView) -> str:
    """The verdict, and what goes with it in the same line."""
    beside = (patroni_word(view.state), "in maintenance" if view.maintenance else None)
    return ", ".join((str(view.verdict), *filter(None, beside)))


def _summary(view: ClusterView, now: datetime) -> str:
    words = [f"{view.cluster.name}: {view.verdict}."]
    if view.state is not None:
        words.append(", ".join(f"{server.name} {role_text(server)}" for server in view.state.servers) + ".")
        words.append(f"Replay lag {_worst_lag(view)}.")
    if (beside := patroni_word(view.state)) is not None:
        words.append(f"{beside[:1].upper()}{beside[1:]}.")
    words += [f"Clients of {one.target.name} wait." for one in view.traffic if one.pointing and one.pointing.held]
    if view.maintenance is not None:
        words.append(f"In maintenance by {view.maintenance.by.name}.")
    if view.alerts:
        words.append(f"{count_text(len(view.alerts), 'open alert')}.")
    return " ".join(words)


def _worst_lag(view: ClusterView) -> str:
    standbys = (
        [server.sql for server in view.state.servers if server.sql and server.sql.in_recovery] if view.state else []
    )
    known = [(replay_lag_bytes(view.primary, sql), sql) for sql in standbys]
    lags = [(behind, sql) for behind, sql in known if behind is not None]
    if not lags or len(lags) < len(known):
        return UNKNOWN
    return lag_text(view.primary, max(lags, key=lambda pair: pair[0])[1])


def _backup_facts(backups: BackupState, now: datetime) -> tuple[tuple[str, tuple[Span, ...]], ...]:
    if not backups.answer.ok:
        why = f"{UNKNOWN} ({backups.answer.how})"
        return (("Last backup", (why,)), ("WAL archive", (why,)))
    finished = [backup.finished_at for backup in backups.backups if backup.finished_at is not None]
    return (
        ("Last backup", _age(max(finished, default=None), now, "none found")),
        ("Last archived WAL", _age(backups.last_archived_at, now, "none found")),
    )


def _age(at: datetime | None, now: datetime, missing: str) -> tuple[Span, ...]:
    if at is None:
        return (missing,)
    return (f"{seconds_text(max(now - at, timedelta()))} ago, ", Moment(at))


def _at_work(view: ClusterView) -> tuple[Part, ...]:
    """Who is at work, and what has become of Patroni's pause, which may outlast them."""
    one, said = view.maintenance, pause_words(view.pause, over=view.maintenance is None)
    patroni = (text(said),) if said else ()
    if one is None:
        return patroni
    until = Moment(one.until)
    words = text(
        "In maintenance by ", Mention(one.by.name), " until ", until, f": {one.reason}. Nothing automatic acts."
    )
    return (words, *patroni)


def _operation(view: ClusterView) -> tuple[Part, ...]:
    if view.operation is None:
        return ()
    operation = view.operation
    title = f"Operation {operation.id}: {operation.kind} {operation.state}"
    tone = Tone.WAITING if operation.state in _WAITING else Tone.RUNNING
    return (Items("Now", (Item(tone, title, f"requested by {operation.requester.name}: {operation.reason}"),)),)


def _unknown(view: ClusterView) -> tuple[Part, ...]:
    """What could not be seen, and how the try ended."""
    if view.state is None:
        return (Items("Not known", (Item(Tone.UNKNOWN, "No server answered in time"),)),)
    items = [
        Item(Tone.UNKNOWN, f"{server.name} by {way}", answer.how)
        for server in view.state.servers
        for way, answer in (("SQL", server.sql_answer), ("SSH", server.ssh_answer))
        if not answer.ok
    ]
    return (Items("Not known", tuple(items)),) if items else ()


def _evidence(view: ClusterView) -> tuple[Part, ...]:
    if view.judgement is None or view.verdict is Verdict.HEALTHY or not view.judgement.evidence:
        return ()
    return (Items("What was seen", tuple(Item(Tone.INFO, line) for line in view.judgement.evidence)),)


def _alerts(view: ClusterView) -> tuple[Part, ...]:
    if not view.alerts:
        return (note("No open alerts."),)
    return (Items("Open alerts", tuple(alert_item(alert) for alert in view.alerts)),)


def alert_item(alert: AlertRow) -> Item:
    """An alert in a list: what is wrong, with what value, and who has it in hand."""
    tone = _SEVERITIES[alert.severity] if alert.state is AlertState.FIRING else Tone.WAITING
    if alert.state is AlertState.RESOLVED:
        tone = Tone.GOOD
    hand = f"; acknowledged by {alert.acknowledged_by.name}" if alert.acknowledged_by else ""
    hush = f"; silenced by {alert.silenced_by.name}" if alert.silenced_by else ""
    state = f" ({alert.state})" if alert.state is not AlertState.FIRING else ""
    return Item(tone, f"{alert_name(alert)}{state}", f"{alert.value}{hand}{hush}")


def alert_name(alert: AlertRow) -> str:
    """“primary down: db1”."""
    return f"{alert.rule.replace('_', ' ')}: {alert.subject}"
