"""`make bench-monitor`: what monitoring costs, how soon it tells and how often for nothing, beside Prometheus.

Parts, each by itself or all in turn: "cost" (one look beside one scrape of postgres_exporter), "pairs" (five
hundred pairs watched on one core), "storm" (a day of alerts while Slack misbehaves: `bench.storm`).
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from bench.figures import Figure, as_json, table
from bench.monitor.cost import cost_of_a_look
from bench.monitor.many_pairs import many_pairs
from bench.monitor.peers import PeerMissing
from bench.storm import storm

_CHANGES = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the run; `measure` gives its figures."""

    name: str
    says: str
    measure: Callable[[], Coroutine[None, None, list[Figure]]]


async def _storm() -> list[Figure]:
    with tempfile.TemporaryDirectory() as directory:
        result = await storm(_CHANGES, Path(directory))
    verdict = result.verdict
    counts = {
        "lost": verdict.lost,
        "shown twice": verdict.twice,
        "outdated": verdict.outdated,
        "threads out of order": verdict.out_of_order,
    }
    name = f"{result.changes} changes of state while Slack misbehaves"
    return [Figure(f"{name}: {what}", "messages", (float(len(which)),), goal=0) for what, which in counts.items()]


PARTS = (
    Part("cost", "Looking at a pair, and scraping it ...", cost_of_a_look),
    Part("pairs", "Watching five hundred pairs on one core ...", many_pairs),
    Part("storm", "A day of alerts while Slack misbehaves ...", _storm),
)


def _measured(names: tuple[str, ...], say: Console) -> list[Figure]:
    figures: list[Figure] = []
    for part in PARTS:
        if part.name in names:
            say.print(part.says)
            figures += asyncio.run(part.measure())
    return figures


def _with_conditions(figures: list[Figure]) -> str:
    said: dict[str, Any] = {
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 1),
        "figures": json.loads(as_json(figures)),
    }
    return json.dumps(said, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.monitor", description=__doc__)
    names = tuple(part.name for part in PARTS)
    parser.add_argument("parts", nargs="*", choices=(*names, []), help="all of them where none is named")
    parser.add_argument("--json", type=Path, default=Path(".bench/monitor.json"), help="where the JSON goes as well")
    given = parser.parse_args()
    # Faults are made here by the thousand, and each is told in the log, as it should be.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    try:
        figures = _measured(tuple(given.parts) or names, Console(stderr=True))
    except PeerMissing as error:
        sys.exit(str(error))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(_with_conditions(figures) + "\n")
    print(_with_conditions(figures))
    Console(stderr=True, width=150).print(table(figures))


if __name__ == "__main__":
    main()
