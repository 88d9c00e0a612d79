"""The command line: `understudy run`, `init`, `check`, `ha …`, `recover`, `archive …`, `audit …` and `lab …`."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from bot.settings import Settings, load_settings, settings_file
from bot.settings_mistakes import SettingsError
from bot.terminal.archive_command import archive_app
from bot.terminal.audit_command import audit_app
from bot.terminal.lab_command import add_lab
from bot.terminal.rules_command import rules_app
from ledger.errors import LedgerError

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", "-s", help="The settings file; else UNDERSTUDY_SETTINGS, else ./understudy.toml."),
]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watches PostgreSQL pairs, and carries out /ha commands once the right people have approved them.",
)
app.add_typer(archive_app, name="archive")
app.add_typer(audit_app, name="audit")
app.add_typer(rules_app, name="rules")
add_lab(app)


@app.command()
def run(settings: SettingsOption = None) -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    from bot.process import run_bot  # the bot's own libraries are not paid for by `understudy ha`

    _finish(run_bot(_load(settings, tokens=True)))


@app.command(context_settings={"ignore_unknown_options": True})
def ha(
    words: Annotated[
        list[str] | None, typer.Argument(help="As after /ha in Slack: status, promote shop db2, …")
    ] = None,
    settings: SettingsOption = None,
    reason: Annotated[str | None, typer.Option(help="Why; asked for when the policy wants one.")] = None,
    confirm: Annotated[str | None, typer.Option(help="The cluster's name, instead of being asked to type it.")] = None,
) -> None:
    """The same commands as in Slack, with the same policy, for the night that Slack is down.

    Besides them: approve ID, reject ID, cancel ID and watch ID decide on an operation, or follow it.
    """
    from bot.terminal.ha import run_ha

    _finish(run_ha(_load(settings), words or [], reason=reason, confirmation=confirm))


@app.command()
def recover(
    store: Annotated[str, typer.Option("--from", help="Where the copies off site are: s3://BUCKET/PREFIX.")],
    server: Annotated[str, typer.Option("--to", help="The server, as the settings name it; it has no data yet.")],
    cluster: Annotated[str | None, typer.Option(help="Where more than one has a server of that name.")] = None,
    at: Annotated[str, typer.Option(help="latest, or a moment: docs/restore.md.")] = "latest",
    settings: SettingsOption = None,
    reason: Annotated[str | None, typer.Option(help="Why; asked for when the policy wants one.")] = None,
    confirm: Annotated[str | None, typer.Option(help="The cluster's name, instead of being asked to type it.")] = None,
    alone: Annotated[
        bool, typer.Option("--break-glass", help="Start it alone, where the policy lets you; it is told and recorded.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look, and show what would be done.")] = False,
) -> None:
    """When everything is gone: bring a cluster back onto an empty server, from the copies off site, without Slack."""
    from bot.terminal.recover import CannotRecover, Recovery, run_recover

    wanted = Recovery(store, server, cluster, at, alone, dry_run)
    try:
        _finish(run_recover(_load(settings), wanted, reason=reason, confirmation=confirm))
    except CannotRecover as error:
        _fail(f"Cannot recover: {error}", status=2)


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("understudy.toml"),
) -> None:
    """Write a commented settings file."""
    from bot.settings_template import template

    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(template())
    except FileExistsError:
        _fail(f"{file} is there already: name another file, or move it aside")
    except OSError as error:
        _fail(f"{file} cannot be written: {error.strerror}")
    # A line of its own that is not wrapped: it is copied and pasted.
    typer.echo(f"Wrote {file}. Put your servers and people in, then run:\nunderstudy check --settings {file}")


@app.command()
def check(settings: SettingsOption = None) -> None:
    """Try every server, credential, right and Slack scope for real, and say how to mend what does not work."""
    from bot.check.run import run_check

    _finish(run_check(_load(settings)))


def _load(given: Path | None, *, tokens: bool = False) -> Settings:
    try:
        return load_settings(settings_file(given), tokens=tokens)
    except SettingsError as error:
        count = len(error.mistakes)
        _fail(f"{count} mistake{'s' if count != 1 else ''} in the settings:\n{error}", status=2)


def _finish(work: Coroutine[Any, Any, int]) -> None:
    """Run to the end and exit with its status; expected errors are one line, never a traceback."""
    try:
        status = asyncio.run(work)
    except KeyboardInterrupt:
        status = 130
    except SettingsError as error:
        _fail(str(error), status=2)
    except LedgerError as error:
        _fail(f"The ledger: {error}")
    raise typer.Exit(status)


def _fail(message: str, status: int = 1) -> NoReturn:
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(status)


def main() -> None:
    """The `understudy` script."""
    app(prog_name="understudy")


if __name__ == "__main__":
    main()
