"""Backups as people read them: to which moments one can restore first, then what exists where. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.partial.page import partial_items
from ledger.page import Item, Items, Moment, Page, Part, Span, Table, Text, Tone, note, text
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.backups.archive import ArchiveState
from servers.backups.lineage import Gap
from servers.backups.partial.state import PartialState
from servers.backups.partial.whereabouts import parts_of
from servers.backups.window import RestoreWindow, Window
from servers.inventory import Cluster
from servers.lsn import format_lsn
from servers.state import BackupState, BaseBackup, OffsiteState

UNKNOWN = "unknown"
MOST_SHOWN = 15


@dataclass(frozen=True, slots=True)
class BackupsView:
    """What was seen of a cluster's backups. None: nobody has answered so far."""

    cluster: Cluster
    backups: BackupState | None
    archive: ArchiveState | None
    window: RestoreWindow | None
    partial: PartialState | None = None

    @property
    def listed(self) -> BackupState | None:
        """The listing, where there is one."""
        return self.backups if self.backups is not None and self.backups.answer.ok else None

    @property
    def archive_known(self) -> bool:
        return self.archive is not None and self.archive.answer.ok


def backups_page(view: BackupsView, now: datetime) -> Page:
    """One cluster in full."""
    headline, tone = _headline(view, now)
    title = f"{view.cluster.name}: {headline}"
    listed = view.listed
    return Page(
        title=title,
        tone=tone,
        summary=f"{title}.",
        parts=(
            *_unknown(view),
            *_windows(view),
            *_gaps(view),
            *((_table(listed, now),) if listed is not None and listed.backups else ()),
            *_unusable(view),
            *partial_items(parts_of(view.cluster), view.partial, now),
            *_footnotes(view, now),
        ),
    )


def backups_overview(views: Sequence[BackupsView], now: datetime) -> Page:
    """A line for each cluster."""
    lines = [(view.cluster.name, *_headline(view, now)) for view in views]
    worst = max((tone for _, _, tone in lines), key=_TONES.index, default=Tone.INFO)
    items = tuple(Item(tone, name, headline) for name, headline, tone in lines)
    return Page("Backups", worst, f"Backups of {count_text(len(lines), 'cluster')}.", (Items("Clusters", items),))


_TONES = (Tone.GOOD, Tone.INFO, Tone.UNKNOWN, Tone.WARNING, Tone.CRITICAL)


def _headline(view: BackupsView, now: datetime) -> tuple[str, Tone]:
    if view.cluster.backups is None:
        return "the settings name no backups", Tone.INFO
    if view.listed is None or view.window is None:
        return "what can be restored is not known now", Tone.UNKNOWN
    if not view.archive_known:
        return "the WAL archive cannot be seen, only the ends of backups are certain", Tone.UNKNOWN
    if not view.window.windows:
        return "nothing can be restored now", Tone.CRITICAL
    until = view.window.windows[-1].end_at
    up_to = f"restorable up to {_ago(until, now)}" if until is not None else "restorable up to the last archived WAL"
    if view.window.gaps:
        return f"{up_to}, with {count_text(len(view.window.gaps), 'gap')}", Tone.WARNING
    return up_to, Tone.GOOD


def _unknown(view: BackupsView) -> tuple[Part, ...]:
    if view.cluster.backups is None:
        return ()
    lines = []
    if view.backups is None or not view.backups.answer.ok:
        lines.append(f"The backups: {view.backups.answer.how if view.backups else 'no answer so far, ask again'}")
    if view.archive is None or not view.archive.answer.ok:
        lines.append(f"The WAL archive: {view.archive.answer.how if view.archive else 'no answer so far, ask again'}")
    offsite = view.listed.offsite if view.listed is not None else None
    if offsite is not None and not offsite.answer.ok:
        lines.append(f"What is off site: {offsite.answer.how}")
    items = tuple(Item(Tone.UNKNOWN, line) for line in lines)
    return (Items("Not known", items),) if items else ()


def _windows(view: BackupsView) -> tuple[Text, ...]:
    if view.window is None:
        return ()
    newest_first = tuple(reversed(view.window.windows))
    return tuple(_window(window, first=index == 0) for index, window in enumerate(newest_first[:MOST_SHOWN]))


def _window(window: Window, *, first: bool) -> Text:
    head = "One can restore to any moment from " if first else "And from "
    if window.end_lsn == window.begin_lsn:
        return text("One can restore to " if first else "And to ", Moment(window.begin_at), " (the end of a backup).")
    end: tuple[Span, ...] = (
        (Moment(window.end_at),)
        if window.end_at is not None
        else (f"{format_lsn(window.end_lsn)} (when is not known)",)
    )
    count = count_text(len(window.backups), "backup")
    return text(head, Moment(window.begin_at), " to ", *end, f" ({count} to start from).")


def _gaps(view: BackupsView) -> tuple[Part, ...]:
    if view.window is None:
        return ()
    return tuple(part for gap in view.window.gaps[-MOST_SHOWN:] for part in _gap(gap, view.window.segment_size))


def _gap(gap: Gap, segment_size: int) -> tuple[Part, ...]:
    names = ", ".join(gap.names(segment_size))
    more = f" and {gap.count - 3} more" if gap.count > 3 else ""
    title = f"Gap in the archive: {count_text(gap.count, 'segment')} missing"
    when: tuple[Span, ...] = ("after ", Moment(gap.after_at)) if gap.after_at else ("after a moment that is not known",)
    until: tuple[Span, ...] = (" and before ", Moment(gap.before_at)) if gap.before_at else ()
    return Items(title, (Item(Tone.CRITICAL, f"{names}{more}"),)), note("Archived ", *when, *until)


def _table(listed: BackupState, now: datetime) -> Table:
    rows = tuple(
        (
            backup.name,
            backup.kind if backup.based_on is None else f"{backup.kind} on {backup.based_on}",
            _ago(backup.finished_at, now) if backup.finished_at else "not complete",
            bytes_text(backup.size) if backup.size else UNKNOWN,
            _where(backup, listed.offsite),
            _ago(backup.verified_at, now) if backup.verified_at else "not that is known",
        )
        for backup in listed.backups[:MOST_SHOWN]
    )
    return Table(("Backup", "Kind", "Finished", "Size", "Where", "Verified"), rows)


def _where(backup: BaseBackup, offsite: OffsiteState | None) -> str:
    words = [backup.repository]
    if backup.encrypted:
        words.append("encrypted")
    copy = next((one for one in offsite.backups if one.name == backup.name), None) if offsite is not None else None
    if copy is not None:
        words.append("off site, not as copied" if copy.differences else "off site")
    return ", ".join(words)


def _unusable(view: BackupsView) -> tuple[Part, ...]:
    found = view.window.unusable if view.window is not None else ()
    items = tuple(Item(Tone.WARNING, one.backup.name, one.why) for one in found[:MOST_SHOWN])
    return (Items("Cannot be restored", items),) if items else ()


def _footnotes(view: BackupsView, now: datetime) -> tuple[Part, ...]:
    notes: list[Part] = []
    listed = view.listed
    if listed is not None and len(listed.backups) > MOST_SHOWN:
        notes.append(note(f"{len(listed.backups) - MOST_SHOWN} older backups are not shown."))
    disks = listed.disks if listed is not None else ()
    notes += [note(f"{disk.path}: {bytes_text(disk.available)} free of {bytes_text(disk.size)}.") for disk in disks]
    notes += _offsite_notes(listed.offsite, listed.backups) if listed is not None and listed.offsite is not None else ()
    seen = [one.answer.at for one in (view.backups, view.archive) if one is not None and one.answer.ok]
    if seen:
        notes.append(note("Seen ", Moment(min(seen)), ". A new one: /ha backup ", view.cluster.name))
    return tuple(notes)


def _offsite_notes(offsite: OffsiteState, here: Sequence[BaseBackup]) -> tuple[Part, ...]:
    if not offsite.answer.ok:
        return ()
    only_there = {one.name for one in offsite.backups} - {one.name for one in here}
    count = count_text(len(offsite.backups), "backup")
    more = f", {len(only_there)} of them nowhere else" if only_there else ""
    wal: tuple[Span, ...] = (", all archived WAL at ", Moment(offsite.wal_copied_at)) if offsite.wal_copied_at else ()
    return (note(f"Off site: {count}{more}", *wal, "."),)


def _ago(at: datetime | None, now: datetime) -> str:
    return UNKNOWN if at is None else f"{seconds_text(max((now - at).total_seconds(), 0.0))} ago"
