"""`understudy lab demo`: the whole road on one machine, with one URL to open."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console
from rich.panel import Panel

from lab.bot_process import BotDidNotStart
from lab.settings_file import with_automatic_failover, with_heartbeat
from lab.stage import Stage, open_stage
from lab.world import LabOptions

_WHAT_TO_DO = """\
[bold]{url}[/bold]

Open it in a browser. Then, for instance:
  1. Practice controls → [bold]kill -9 the postmaster[/bold] of the primary, db1
  2. In #ops: the alert. Press [bold]Fail over…[/bold], give a reason, type [bold]shop[/bold]
  3. Acting as → Bob: press [bold]Approve[/bold], and watch the thread
  4. Type [bold]/ha rejoin[/bold], have it approved: db1 follows db2; then [bold]/ha status[/bold]

Ctrl-C here ends everything and leaves nothing behind."""

_WHAT_TO_DO_WITH_PATRONI = """\
[bold]{url}[/bold]

Open it in a browser. Patroni runs the three servers; Understudy asks it. Then, for instance:
  1. Type [bold]/ha promote db2[/bold], give a reason, type [bold]shop[/bold]
  2. Acting as → Bob: press [bold]Approve[/bold], and watch the thread
  3. Type [bold]/ha promote db1 at 03:00[/bold], have it approved; then [bold]/ha promote shop cancel[/bold]
  4. Type [bold]/ha status[/bold]: who leads, the lag, a pause, what is scheduled

Ctrl-C here ends everything and leaves nothing behind."""


async def run_demo(options: LabOptions, *, port: int = 0, automatic: bool = False) -> int:
    """Run until Ctrl-C, SIGTERM or SIGHUP, and leave nothing behind. The exit status.

    `automatic` lets the bot fail over without a person.
    """
    console = Console(highlight=False)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    this_task = asyncio.current_task()

    def end() -> None:
        # While things still start, the start is what must be given up; afterwards, the waiting.
        ended.set()
        if this_task is not None and not up:
            this_task.cancel()

    up = False
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    began = time.monotonic()
    try:
        async with open_stage(
            options, slack_port=port, edit=_edit(options, automatic=automatic), progress=_progress(console, began)
        ) as stage:
            up = True
            _announce(console, stage, options, time.monotonic() - began)
            await ended.wait()
            console.print("Stopping the bot, the practice Slack and PostgreSQL ...")
    except asyncio.CancelledError:
        if not ended.is_set():
            raise
    except BotDidNotStart as error:
        console.print(str(error), markup=False)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError):
                loop.remove_signal_handler(number)
    console.print("Everything has been stopped.")
    return 0


def _edit(options: LabOptions, *, automatic: bool) -> Callable[[str], str]:
    def edited(settings: str) -> str:
        settings = with_heartbeat(settings, options.cluster)
        return with_automatic_failover(settings, options.cluster) if automatic else settings

    return edited


def _progress(console: Console, began: float) -> Callable[[str], None]:
    """Prints what happens now, with the seconds since the start."""
    return lambda line: console.print(f"[dim]{time.monotonic() - began:5.1f} s[/dim]  {line} ...")


def _announce(console: Console, stage: Stage, options: LabOptions, seconds: float) -> None:
    console.print(f"[dim]{seconds:5.1f} s[/dim]  Ready.")
    what = _WHAT_TO_DO_WITH_PATRONI if options.engine == "patroni" else _WHAT_TO_DO
    console.print(Panel(what.format(url=stage.slack.page_url), title="Understudy, practice world"))
