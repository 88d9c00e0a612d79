"""`understudy lab …`: start a practice world, break it, load it, look at it."""

import asyncio
import signal
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lab.control_socket import ask, running_worlds
from lab.demo import run_demo
from lab.errors import LabError
from lab.options import LabOptions
from lab.places import existing_places
from lab.world import Lab

app = typer.Typer(no_args_is_help=True, help="A practice world: a real pair on this machine, to break and mend.")
load_app = typer.Typer(no_args_is_help=True, help="The write load, which proves which rows survived.")
app.add_typer(load_app, name="load")

PostgreSQL = Annotated[str, typer.Option("--pg", help="18 or 16 from the wheel, or system for this machine's newest")]
EngineName = Annotated[str, typer.Option("--engine", help="who promotes: native, or patroni with three servers")]
AccountName = Annotated[str | None, typer.Option("--account", help="who runs PostgreSQL, where we are root")]
OwnDisks = Annotated[
    bool | None,
    typer.Option("--disks/--no-disks", help="a small disk for each server, so that it can be filled (root)"),
]
WorldName = Annotated[str | None, typer.Option("--lab", help="which lab, where several run (see `status`)")]


@app.command()
def up(pg: PostgreSQL = "18", account: AccountName = None, disks: OwnDisks = None) -> None:
    """Start a pair and keep it running until Ctrl-C."""
    options = LabOptions(postgresql=pg, account=account, own_disks=disks)
    _finish(_serve(options))


@app.command()
def demo(
    pg: PostgreSQL = "18",
    account: AccountName = None,
    disks: OwnDisks = None,
    port: Annotated[int, typer.Option(help="of the practice Slack's page; 0: any free one")] = 0,
    automatic: Annotated[bool, typer.Option("--automatic", help="the bot may fail over without a person")] = False,
    engine: EngineName = "native",
) -> None:
    """Start a pair, a practice Slack and the bot, and print the one address to open."""
    if engine not in ("native", "patroni") or (engine == "patroni" and automatic):
        raise typer.BadParameter("native or patroni; Patroni fails over by itself, without --automatic")
    options = LabOptions(postgresql=pg, account=account, own_disks=disks)
    if engine == "patroni":
        options = replace(options, engine="patroni", more_standbys={"db3": options.primary})
    _finish(run_demo(options, port=port, automatic=automatic))


@app.command()
def fault(
    name: Annotated[str, typer.Argument(help="which fault; without it: all of them")] = "",
    target: Annotated[str, typer.Argument(help="a server, a link such as bot-db1, or nothing")] = "",
    lab: WorldName = None,
) -> None:
    """Break something in a running lab, or mend it."""
    if name:
        _finish(_apply(lab, name, target))
    else:
        _finish(_list_faults(lab))


@load_app.command("start")
def load_start(
    rate: Annotated[float, typer.Option(help="rows a second")] = 100.0,
    lab: WorldName = None,
) -> None:
    """Start to write."""
    _finish(_apply(lab, "load-start", f"{rate:g}"))


@load_app.command("stop")
def load_stop(lab: WorldName = None) -> None:
    """Stop writing."""
    _finish(_apply(lab, "load-stop", ""))


@load_app.command("report")
def load_report(
    server: Annotated[str, typer.Argument(help="the server whose rows are looked at")] = "",
    lab: WorldName = None,
) -> None:
    """Compare what was acknowledged with what is on a server."""
    _finish(_apply(lab, "load-report", server))


@app.command()
def status() -> None:
    """Every lab of yours that runs, and how it stands."""
    _finish(_show_status())


async def _serve(options: LabOptions) -> int:
    console = Console(highlight=False)
    began = time.monotonic()

    def progress(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/dim]  {line}")

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    starting: asyncio.Task[Any] | None = asyncio.current_task()

    def end() -> None:
        ended.set()
        if starting is not None:
            starting.cancel()

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, end)
    try:
        async with Lab.start(replace(options, progress=progress)) as lab:
            starting = None
            progress("Ready")
            _describe_servers(console, lab)
            console.print(f"Break it from another terminal: understudy lab fault --lab {lab.directory.name}")
            console.print("Ctrl-C here ends everything and leaves nothing behind.")
            await ended.wait()
            console.print("Stopping everything")
    except asyncio.CancelledError:
        if not ended.is_set():
            raise
    finally:
        for number in signals:
            with suppress(ValueError):
                loop.remove_signal_handler(number)
    console.print("Everything has been stopped.")
    return 0


def _describe_servers(console: Console, lab: Lab) -> None:
    console.print(f"Cluster [bold]{lab.cluster}[/bold], PostgreSQL {lab.version}, in {lab.directory}")
    for server in lab.servers.values():
        console.print(f"  [bold]{server.name}[/bold], {server.condition()}, {server.address}:{server.port}")
        console.print(f"    for the bot: SQL {_address(server.bot_sql)}, SSH {_address(server.bot_ssh)}")
        console.print(
            f"    psql: {server.binaries.program('psql')} -h {server.socket_directory} -p {server.port} -U postgres"
        )


def _address(where: tuple[str, int]) -> str:
    return f"{where[0]}:{where[1]}"


async def _apply(lab: str | None, name: str, target: str) -> int:
    said = await ask(_world(lab), "apply", name, target)
    Console(highlight=False).print(str(said), markup=False)
    return 0


async def _list_faults(lab: str | None) -> int:
    table = Table(title="Faults")
    for heading in ("name", "what it does", "targets"):
        table.add_column(heading, overflow="fold")
    for control in await ask(_world(lab), "describe"):
        table.add_row(control["name"], control["description"], " ".join(control["targets"]))
    Console(highlight=False).print(table)
    return 0


async def _show_status() -> int:
    console = Console(highlight=False)
    worlds = running_worlds(existing_places())
    if not worlds:
        console.print("No lab runs. Start one with: understudy lab up")
    for world in worlds:
        table = Table(title=f"Lab {world.name}", show_header=False, title_justify="left")
        for name, how in (await ask(world, "status")).items():
            table.add_row(name, how)
        console.print(table)
    return 0


def _world(name: str | None) -> Path:
    """The one lab that is meant. LabError when none runs, or when it is not clear which."""
    worlds = running_worlds(existing_places())
    chosen = [world for world in worlds if name in (None, world.name)]
    if len(chosen) == 1:
        return chosen[0]
    if not worlds:
        raise LabError("no lab runs; start one with: understudy lab up")
    names = ", ".join(world.name for world in worlds)
    if name is None:
        raise LabError(f"several labs run; say which one with --lab: {names}")
    raise LabError(f"no lab {name!r} runs; there are: {names}")


def _finish(work: Awaitable[int]) -> None:
    """Run to the end and leave with its exit status; a LabError is one line and status 1."""

    async def run() -> int:
        return await work

    try:
        code = asyncio.run(run())
    except LabError as error:
        Console(stderr=True, highlight=False).print(str(error), markup=False, style="red")
        code = 1
    raise typer.Exit(code)
