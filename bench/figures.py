"""Figures: samples with what they are compared to, as a table and as JSON."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing. `goal` is what it should not exceed, in the same unit; `shown` names the statistic that the
    goal is about ("median", "p95", "p99"). `floor` has the samples of the bare peer measured in the same run."""

    name: str
    unit: str
    samples: tuple[float, ...]
    shown: str = "median"
    goal: float | None = None
    floor: tuple[float, ...] = ()
    floor_name: str = ""

    @property
    def value(self) -> float:
        return statistic(self.samples, self.shown)

    @property
    def floor_value(self) -> float | None:
        return statistic(self.floor, self.shown) if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return None if self.goal is None else self.value <= self.goal


def statistic(samples: tuple[float, ...], name: str) -> float:
    """The median or a percentile ("p95") of the samples, by nearest rank."""
    if name == "median":
        return statistics.median(samples)
    ordered = sorted(samples)
    rank = -(-len(ordered) * int(name.removeprefix("p")) // 100)
    return ordered[max(rank, 1) - 1]


def table(figures: list[Figure]) -> Table:
    """The figures as a table, a line each."""
    drawn = Table(title="Understudy, measured", box=None, pad_edge=False)
    for header in ("Figure", "n", "median", "p95", "max", "goal", "bare peer, same run", "met"):
        drawn.add_column(header, justify="left" if header in ("Figure", "bare peer, same run") else "right")
    for figure in figures:
        number = _in_unit(figure.unit)
        peer = f"{figure.floor_name} {number(figure.floor_value)}" if figure.floor_value is not None else ""
        goal = "" if figure.goal is None else f"{figure.shown} ≤ {number(figure.goal)}"
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        extremes = (statistic(figure.samples, "p95"), max(figure.samples))
        drawn.add_row(
            figure.name, str(len(figure.samples)), number(statistic(figure.samples, "median")),
            *(number(value) for value in extremes), goal, peer, met,
        )  # fmt: skip
    return drawn


def as_json(figures: list[Figure]) -> str:
    """The figures as JSON: summaries and every sample."""
    return json.dumps([_plain(figure) for figure in figures], indent=2)


def _plain(figure: Figure) -> dict[str, Any]:
    summary = {name: round(statistic(figure.samples, name), 6) for name in ("median", "p95", "p99")}
    return {
        "name": figure.name,
        "unit": figure.unit,
        "n": len(figure.samples),
        **summary,
        "max": round(max(figure.samples), 6),
        "goal": figure.goal,
        "goal_is_about": figure.shown,
        "met": figure.met,
        "floor": {"name": figure.floor_name, figure.shown: figure.floor_value} if figure.floor else None,
        "samples": [round(sample, 6) for sample in figure.samples],
    }


def _in_unit(unit: str) -> Callable[[float], str]:
    if unit == "s":
        return lambda value: f"{value * 1000:.0f} ms" if value < 10 else f"{value:.1f} s"
    return lambda value: f"{value:.2f} {unit}"
