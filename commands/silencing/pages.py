"""What people read of silences: a card in each channel that goes quiet, and the list of those that hold."""

from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database

from commands.parse import COMMAND
from commands.records import show
from commands.world import World
from ledger.alerts import AlertRow
from ledger.page import Button, Facts, Item, Items, Mention, Moment, Page, Part, Span, Tone, note, text
from ledger.quantities import count_text
from ledger.silences import Silence
from ledger.who import Who

END, NEW = "silence.end", "silence.new"
MOST_SHOWN = 20
# No glob says that somebody has thought of two primaries (alerts.silencing holds to it).
NEVER_QUIET = "Two primaries are told all the same, unless the silence names the rule split_brain in full."


def announce(db: Database, world: World, silence: Silence, now: datetime) -> None:
    """Puts its card in each channel that it makes quiet, as it is now."""
    channels = dict.fromkeys(cluster.channel for name, cluster in world.clusters.items() if silence.may_concern(name))
    for channel in channels:
        show(db, now, channel, f"silence/{silence.id}/{channel}", _card(silence, now))


def made_page(silence: Silence, firing: Sequence[AlertRow]) -> Page:
    """The answer to who wanted it: `firing` are the alerts that fall under it now."""
    title = f"Silent until its end: {matcher_text(silence)}"
    now = f"{count_text(len(firing), 'alert')} of now {'falls' if len(firing) == 1 else 'fall'} under it."
    said = text("Until ", _until(silence), f". {now if firing else 'No alert of now falls under it.'} {NEVER_QUIET}")
    return Page(title, Tone.GOOD, title, (said, note(f"End it: {COMMAND} silences end {silence.id}")))


def ended_page(silence: Silence) -> Page:
    title = f"The silence has ended: {matcher_text(silence)}"
    return Page(title, Tone.GOOD, title, (text("What it held back and is still bad is told with the next look."),))


def list_page(silences: Sequence[Silence]) -> Page:
    """Those that hold now, with the way to end each and to make another."""
    new = Button(NEW, "New silence…", "")
    if not silences:
        line = f"Every alert is told. To be silent about something: {COMMAND} silences add"
        return Page("No silences", Tone.GOOD, line, (text(line),), (new,))
    title = f"{count_text(len(silences), 'silence')} now"
    parts: list[Part] = []
    for one in silences[:MOST_SHOWN]:
        parts.append(Items(f"{one.id}: {matcher_text(one)}", (Item(Tone.INFO, one.reason),)))
        parts.append(
            note("By ", _mention(one.by), " until ", _until(one), f". End it: {COMMAND} silences end {one.id}")
        )
    if len(silences) > MOST_SHOWN:
        parts.append(note(f"The oldest {MOST_SHOWN} of {len(silences)}."))
    summary = "; ".join(f"{one.id} by {one.by.name}: {matcher_text(one)}, {one.reason}" for one in silences)
    return Page(title, Tone.INFO, f"{title}. {summary}", tuple(parts), (new,))


def matcher_text(silence: Silence) -> str:
    """“disk* on shop, up to warning”."""
    what = silence.rule or "every rule"
    where = f" on {silence.cluster or 'every cluster'}"
    which = f", {silence.subject}" if silence.subject else ""
    worst = f", up to {silence.severity.value}" if silence.severity else ""
    return f"{what}{where}{which}{worst}"


def _card(silence: Silence, now: datetime) -> Page:
    over = not silence.holds(now)
    title = f"{'Silence over' if over else 'Silence'}: {matcher_text(silence)}"
    end: tuple[str, tuple[Span, ...]] = ("Until", (_until(silence),))
    if over:
        ended: tuple[Span, ...] = (Moment(silence.ended_at or now),)
        by: tuple[Span, ...] = () if silence.ended_by is None else (" by ", _mention(silence.ended_by))
        end = ("Ended", (*ended, *by))
    facts = Facts((("By", (_mention(silence.by),)), ("Reason", (silence.reason,)), end))
    buttons = () if over else (Button(END, "End silence", silence.id),)
    lines: tuple[Part, ...] = () if over else (text(f"What falls under it is not told meanwhile. {NEVER_QUIET}"),)
    tone = Tone.INFO if over else Tone.WARNING
    return Page(
        title, tone, f"{title}. Reason: {silence.reason}", (facts, *lines, note(f"Silence {silence.id}")), buttons
    )


def _until(silence: Silence) -> Span:
    return "somebody ends it" if silence.until is None else Moment(silence.until)


def _mention(who: Who) -> Mention:
    return Mention(who.name, None if ":" in who.id else who.id)
