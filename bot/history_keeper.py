"""Keeps the history while the bot runs, and says in the log when it cannot, or when it gives something up for room."""

import structlog

from ledger.history.history import History, HistoryFigures

log = structlog.get_logger(__name__)


class HistoryKeeper:
    """`run` goes on until it is cancelled; the history is closed by whoever opened it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._said: str | None = None

    async def run(self) -> None:
        await self._history.run(self._look)

    def _look(self, figures: HistoryFigures) -> None:
        """Each trouble is said once, and its end."""
        if figures.trouble == self._said:
            return
        if figures.trouble is None:
            log.info("history.kept_again", used_bytes=figures.used_bytes)
        else:
            log.warning(
                "history.trouble",
                trouble=figures.trouble,
                used_bytes=figures.used_bytes,
                limit_bytes=figures.limit_bytes,
            )
        self._said = figures.trouble
