"""Short answers to the one who asked: what was not understood, not allowed, not done, or is under way."""

from commands.asked import Answer
from ledger.page import Page, Span, Tone, text


def misunderstood(line: str) -> Answer:
    """One line: what was understood, and what to type."""
    return _short("Not understood", Tone.INFO, line)


def refused(line: str) -> Answer:
    """Not allowed: why, and what to do next."""
    return _short("Not allowed", Tone.WARNING, line)


def nothing_done(*spans: Span) -> Answer:
    """Understood and allowed, but there is nothing to do, or it cannot be done now."""
    return _short("Nothing was done", Tone.WARNING, *spans)


def failed(line: str) -> Answer:
    """Understudy itself could not answer."""
    return _short("This could not be answered", Tone.UNKNOWN, line)


def done(title: str, *spans: Span, tone: Tone = Tone.GOOD) -> Answer:
    return _short(title, tone, *spans)


def _short(title: str, tone: Tone, *spans: Span) -> Answer:
    plain = all(isinstance(span, str) for span in spans)
    summary = "".join(span for span in spans if isinstance(span, str)) if plain else title
    return Answer(Page(title=title, tone=tone, summary=summary, parts=(text(*spans),)))
