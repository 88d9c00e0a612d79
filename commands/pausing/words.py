"""What people read of Patroni's pause. Pure."""

from ledger.page import Page, Tone, text
from ledger.patroni_pauses import PatroniPause, PauseState

_AGAIN = "It is tried again."


def pause_words(pause: PatroniPause | None, *, over: bool = False) -> str:
    """One or two sentences; empty where Patroni does not run the cluster, or there is nothing to say. `over`: the
    maintenance is."""
    if pause is None:
        return ""
    if pause.ended_at is not None:
        return f"Patroni: {pause.note}."
    if pause.state is PauseState.LEFT:
        return f"Patroni's pause is left to others: {pause.note}."
    if line := trouble(pause):
        return line
    if over or pause.state is PauseState.RESUMING:
        return "Patroni is being resumed."
    if pause.state is PauseState.HELD:
        return "Patroni is paused until the end: it fails over nobody by itself meanwhile."
    return "Patroni is being paused."


def trouble(pause: PatroniPause) -> str:
    """What hinders it and what that means; empty where nothing does."""
    if not pause.note or pause.ended_at is not None or pause.state is PauseState.LEFT:
        return ""
    why = pause.note.removesuffix(".")
    if pause.state in (PauseState.RESUMING, PauseState.HELD):
        return f"Patroni may still be paused, and fails over nobody then: {why}. {_AGAIN}"
    return f"Patroni is not known to be paused, and may fail over by itself: {why}. {_AGAIN}"


def trouble_page(pause: PatroniPause) -> Page:
    """A post of its own: somebody works in the belief that it is paused, or that it is not. Updated when that ends."""
    line = trouble(pause)
    if not line:
        title = f"{pause.cluster}: Patroni's pause is as it should be"
        return Page(title, Tone.GOOD, f"{title}. {pause_words(pause)}", (text(pause_words(pause)),))
    over = pause.state in (PauseState.RESUMING, PauseState.HELD)
    title = f"{pause.cluster}: Patroni could not be {'resumed' if over else 'paused'}"
    by_hand = f"By hand: patronictl {'resume' if over else 'pause'}"
    return Page(title, Tone.WARNING, f"{title}. {line} {by_hand}", (text(line), text(by_hand)))


def trouble_card(pause: PatroniPause) -> str:
    return f"patroni-pause/{pause.id}"
