"""`make bench-failover`: a switchover by Understudy and by its peers on this machine, as clients see it.

Every contender gets fresh pairs of the same PostgreSQL in the same run, and they take turns.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.failover.autoctl import autoctl
from bench.failover.contender import Contender
from bench.failover.measure import Round, measure
from bench.failover.on_the_lab import bare, hand_script, understudy, understudy_and_pgbouncer
from bench.failover.patroni import patroni
from bench.failover.repmgr import repmgr

FLOOR, OURS, POOLED = "bare: stop, pg_promote()", "Understudy", "Understudy, clients behind PgBouncer"
CONTENDERS = (
    Contender(FLOOR, bare),
    Contender(OURS, understudy),
    Contender(POOLED, understudy_and_pgbouncer),
    Contender("hand script: stop, promote, sleep 5", hand_script),
    Contender("repmgr standby switchover", repmgr),
    Contender("pg_autoctl perform switchover", autoctl),
    Contender("patronictl switchover", patroni),
)
RATIO_GOAL = 1.2


@dataclass(frozen=True, slots=True)
class Score:
    """A contender's rounds."""

    name: str
    rounds: tuple[Round, ...]

    @property
    def outage(self) -> float:
        """The median, in seconds."""
        return statistics.median(one.outage for one in self.rounds)


async def _compete(rounds: int, say: Console) -> list[Score]:
    measured: dict[str, list[Round]] = {contender.name: [] for contender in CONTENDERS}
    for number in range(1, rounds + 1):
        for contender in CONTENDERS:
            say.print(f"Round {number} of {rounds}: {contender.name} ...")
            async with contender.open() as pair:
                measured[contender.name].append(await measure(pair))
    return [Score(name, tuple(ones)) for name, ones in measured.items()]


def verdicts(scores: Sequence[Score]) -> dict[str, bool]:
    """The goals and whether they are met."""
    by_name = {score.name: score for score in scores}
    ours, floor = by_name[OURS].outage, by_name[FLOOR].outage
    peers = [score.outage for score in scores if score.name not in (OURS, POOLED, FLOOR)]
    return {
        f"outage of a switchover at most {RATIO_GOAL} x the bare floor": ours <= RATIO_GOAL * floor,
        "outage of a switchover below every peer": all(ours < peer for peer in peers),
        "no acknowledged row lost by Understudy": all(
            one.lost == 0 for name in (OURS, POOLED) for one in by_name[name].rounds
        ),
        "no client error behind PgBouncer": all(one.errors == 0 for one in by_name[POOLED].rounds),
    }


def table(scores: Sequence[Score]) -> Table:
    """A line a contender, medians, with the worst outage."""
    drawn = Table(title="A switchover, as clients see it", box=None, pad_edge=False)
    for header in ("", "n", "outage", "worst", "command to writable", "client errors", "rows lost"):
        drawn.add_column(header, justify="right" if header else "left")
    for score in scores:
        ones = score.rounds
        drawn.add_row(
            score.name,
            str(len(ones)),
            f"{score.outage * 1000:.0f} ms",
            f"{max(one.outage for one in ones) * 1000:.0f} ms",
            f"{statistics.median(one.writable for one in ones) * 1000:.0f} ms",
            f"{statistics.median(one.errors for one in ones):g}",
            str(sum(one.lost for one in ones)),
        )
    return drawn


def as_json(scores: Sequence[Score]) -> str:
    """Every round, in seconds and counts, and the goals."""
    contenders = {score.name: [asdict(one) for one in score.rounds] for score in scores}
    return json.dumps({"contenders": contenders, "goals": verdicts(scores)}, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.failover", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path(".bench/failover.json"), help="where the JSON goes as well")
    given = parser.parse_args()
    scores = asyncio.run(_compete(given.rounds, Console(stderr=True)))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(as_json(scores) + "\n")
    print(as_json(scores))
    shown = Console(stderr=True, width=140)
    shown.print(table(scores))
    for goal, met in verdicts(scores).items():
        shown.print(f"{'met' if met else 'NOT MET'}: {goal}", markup=False)


if __name__ == "__main__":
    main()
