"""The practice world's controls, as the practice page and the control socket offer them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.builder import World
from lab.errors import LabError
from lab.faults import Faults
from lab.load import WriteLoad

_DEFAULT_RATE = 100.0


@dataclass(frozen=True, slots=True)
class _LoadControl:
    name: str
    title: str
    description: str
    targets: tuple[str, ...]
    act: Callable[[str], Awaitable[str]]


class LabControls:
    """Faults and the write load behind three calls: what there is, do it, how do things stand."""

    def __init__(self, world: World, faults: Faults, load: WriteLoad) -> None:
        self._world = world
        self._faults = faults
        self._load = load
        self._load_controls = {control.name: control for control in self._about_load()}

    def describe(self) -> list[dict[str, Any]]:
        """Each control: `name`, `title`, `description`, `targets`, and whether it is `available` here."""
        faults = (
            _described(
                fault.kind, fault.title, fault.description, self._faults.targets(fault), self._faults.why_not(fault)
            )
            for fault in self._faults.all()
        )
        load = (
            _described(control.name, control.title, control.description, control.targets)
            for control in self._load_controls.values()
        )
        return [*faults, *load]

    async def apply(self, name: str, target: str = "") -> str:
        """Do what a control does; one line that says what was done. LabError when that is not possible."""
        if name in self._load_controls:
            return await self._load_controls[name].act(target)
        return await self._faults.apply(name, target)

    def status(self) -> dict[str, str]:
        """How things stand, a line each. It is cheap and asks no server, so that it answers whatever hangs."""
        status = {server.name: server.condition() for server in self._world.servers.values()}
        disturbed = self._world.links.disturbed()
        status["links"] = ", ".join(f"{link} {how}" for link, how in disturbed.items()) or "all pass"
        status["write load"] = self._load.status()
        return status

    def _about_load(self) -> tuple[_LoadControl, ...]:
        return (
            _LoadControl(
                "load-start",
                "Start the write load",
                "Clients write rows at this rate a second, and keep count of what was acknowledged",
                ("100", "10", "500"),
                self._start_load,
            ),
            _LoadControl("load-stop", "Stop the write load", "The clients stop writing", (), self._stop_load),
            _LoadControl(
                "load-report",
                "Which rows survived?",
                "Compares what was acknowledged with what is on this server",
                tuple(self._world.servers),
                self._report_load,
            ),
        )

    async def _start_load(self, target: str) -> str:
        try:
            rate = float(target or _DEFAULT_RATE)
        except ValueError:
            raise LabError(f"{target!r} is not a rate in rows a second") from None
        await self._load.start(rate=rate)
        return f"writing {rate:g} rows a second"

    async def _stop_load(self, _target: str) -> str:
        await self._load.stop()
        return f"write load {self._load.status()}"

    async def _report_load(self, target: str) -> str:
        report = await self._load.survivors(target or next(iter(self._world.servers)))
        return "; ".join(report.lines())


def _described(
    name: str, title: str, description: str, targets: Sequence[str], why_not: str | None = None
) -> dict[str, Any]:
    return {
        "name": str(name),
        "title": title,
        "description": description if why_not is None else f"Not available: {why_not}",
        "targets": list(targets),
        "available": why_not is None,
    }
