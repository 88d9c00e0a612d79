"""The settings of the history: where it lies, and how much room it may take."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from bot.settings_types import Section, parse_bytes

SMALLEST = 10_000_000  # bytes: a day of a few pairs


def _enough(size: float) -> float:
    if size < SMALLEST:
        raise ValueError('give it "10MB" at least; a pair needs about that for a day')
    return size


class HistorySettings(Section):
    """`path`: beside the ledger, unless it is given. `limit`: bytes; beyond it the finest and oldest values go."""

    path: Path | None = None
    limit: Annotated[float, BeforeValidator(parse_bytes), AfterValidator(_enough)] = 1_000_000_000.0
