"""`make bench-restore`: one database backed up and restored to a moment, by each tool alone and by Understudy with it.

Every contender gets an empty store on the same server in the same run, and they take turns at being first.
"""

import argparse
import asyncio
import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.restore.by_hand import bare_copy, barman, pg_basebackup, pgbackrest
from bench.restore.contender import Contender
from bench.restore.ground import ground
from bench.restore.measure import Round, measure
from bench.restore.through import native, through_barman, through_pgbackrest

FLOOR, BASEBACKUP, PGBACKREST, BARMAN = "cp -a (the floor)", "pg_basebackup, tar", "pgBackRest", "Barman"
NATIVE = "Understudy, native"
CONTENDERS = (
    Contender(FLOOR, bare_copy),
    Contender(BASEBACKUP, pg_basebackup),
    Contender(NATIVE, native, tool=BASEBACKUP),
    Contender(PGBACKREST, pgbackrest),
    Contender("Understudy, pgBackRest", through_pgbackrest, tool=PGBACKREST),
    Contender(BARMAN, barman),
    Contender("Understudy, Barman", through_barman, tool=BARMAN),
)
SHARE_GOAL, PGBACKREST_GOAL, CLIENT_GOAL = 0.03, 1.3, 64 * 2**20
GIGABYTE, MEGABYTE = 1e9, 2**20


@dataclass(frozen=True, slots=True)
class Score:
    """A contender's rounds, in the order in which they were."""

    contender: Contender
    rounds: tuple[Round, ...]

    def median(self, name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in self.rounds))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the figures were taken on."""

    database: int
    cores: int
    load: float
    version: str

    def __str__(self) -> str:
        return (
            f"PostgreSQL {self.version}, a database of {self.database / GIGABYTE:.2f} GB, {self.cores} cores, files "
            f"in the page cache, load average {self.load:.1f} at the end"
        )


async def _compete(scale: int, rounds: int, say: Console) -> tuple[list[Score], Conditions]:
    measured: dict[str, list[Round]] = {contender.name: [] for contender in CONTENDERS}
    say.print(f"Filling a database of {scale * 15} MB ...")
    async with ground(scale) as on:
        size = await on.size()
        for number in range(rounds):
            first = number * len(CONTENDERS) // max(rounds, 1)
            for contender in (*CONTENDERS[first:], *CONTENDERS[:first]):
                say.print(f"Round {number + 1} of {rounds}: {contender.name} ...")
                measured[contender.name].append(await measure(on, contender))
        conditions = Conditions(size, os.cpu_count() or 1, os.getloadavg()[0], on.lab.version)
    return [Score(contender, tuple(measured[contender.name])) for contender in CONTENDERS], conditions


def own_share(score: Score, tool: Score) -> float:
    """What of the tool's own time the bot adds by itself: until a job begins, and since it has ended."""
    pairs = zip(score.rounds, tool.rounds, strict=True)
    return statistics.median(ours.bot / theirs.total for ours, theirs in pairs)


def added_share(score: Score, tool: Score) -> float:
    """By what more a backup and a restore took, of the tool's own time in the same round."""
    pairs = zip(score.rounds, tool.rounds, strict=True)
    return statistics.median(ours.total / theirs.total for ours, theirs in pairs) - 1


def verdicts(scores: Sequence[Score]) -> dict[str, bool]:
    """The goals and whether they are met."""
    by_name = {score.contender.name: score for score in scores}
    restores = {name: score.median("first_query") for name, score in by_name.items()}
    met = {}
    for score, tool in _pairs(scores):
        name = score.contender.name
        met[f"{name}: the bot's own part under {SHARE_GOAL:.0%} of the tool's own time"] = (
            own_share(score, tool) < SHARE_GOAL
        )
        met[f"{name}: less than {SHARE_GOAL:.0%} slower than {tool.contender.name} by hand"] = (
            added_share(score, tool) < SHARE_GOAL
        )
    return met | {
        "native restore at least as fast as Barman": restores[NATIVE] <= restores[BARMAN],
        f"native restore within {PGBACKREST_GOAL} x pgBackRest": restores[NATIVE]
        <= PGBACKREST_GOAL * restores[PGBACKREST],
        f"a backup and a restore take under {CLIENT_GOAL // MEGABYTE} MB of memory in the bot's process": all(
            one.grown < CLIENT_GOAL for score in scores for one in score.rounds
        ),
        f"that process is under {CLIENT_GOAL // MEGABYTE} MB with all its libraries": all(
            one.client < CLIENT_GOAL for score in scores for one in score.rounds
        ),
    }


def _pairs(scores: Sequence[Score]) -> list[tuple[Score, Score]]:
    """Understudy with a tool, and that tool alone."""
    by_name = {score.contender.name: score for score in scores}
    return [(score, by_name[score.contender.tool]) for score in scores if score.contender.tool is not None]


def table(scores: Sequence[Score], conditions: Conditions) -> Table:
    """A line a contender, medians."""
    drawn = Table(title=str(conditions), box=None, pad_edge=False)
    for header in (
        "", "n", "backup", "laid out", "first query", "stored", "memory, host", "memory, bot", "bot's own", "added"
    ):  # fmt: skip
        drawn.add_column(header, justify="right" if header else "left")
    tools = {score.contender.name: tool for score, tool in _pairs(scores)}
    for score in scores:
        tool = tools.get(score.contender.name)
        ours = (
            ("", "", "")
            if tool is None
            else (
                f"{score.median('client') / MEGABYTE:.0f} MB (+{score.median('grown') / MEGABYTE:.1f})",
                f"{own_share(score, tool):.1%}",
                f"{added_share(score, tool):+.1%}",
            )
        )
        drawn.add_row(
            score.contender.name,
            str(len(score.rounds)),
            *(f"{score.median(name):.1f} s" for name in ("backup", "laid_out", "first_query")),
            f"{score.median('stored') / GIGABYTE:.2f} GB",
            f"{score.median('host') / MEGABYTE:.0f} MB",
            *ours,
        )
    return drawn


def as_json(scores: Sequence[Score], conditions: Conditions) -> str:
    """Every round, in seconds and bytes, and the goals."""
    contenders = {score.contender.name: [asdict(one) for one in score.rounds] for score in scores}
    return json.dumps({"conditions": asdict(conditions), "contenders": contenders, "goals": verdicts(scores)}, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.restore", description=__doc__)
    parser.add_argument("--scale", type=int, default=140, help="pgbench's: 15 MB each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path(".bench/restore.json"), help="where the JSON goes as well")
    given = parser.parse_args()
    scores, conditions = asyncio.run(_compete(given.scale, given.rounds, Console(stderr=True)))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(as_json(scores, conditions) + "\n")
    print(as_json(scores, conditions))
    shown = Console(stderr=True, width=150)
    shown.print(table(scores, conditions))
    for goal, met in verdicts(scores).items():
        shown.print(f"{'met' if met else 'NOT MET'}: {goal}", markup=False)


if __name__ == "__main__":
    main()
