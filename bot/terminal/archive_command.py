"""`understudy archive script|command`: what PostgreSQL archives its WAL with."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from bot.inventory import clusters_of
from bot.settings import load_settings, settings_file
from bot.settings_mistakes import SettingsError
from servers.backups.native.archive_command import ARCHIVE_SCRIPT, COMPRESSIONS, archive_command
from servers.inventory import SCRIPT_PATH, BackupTool

archive_app = typer.Typer(no_args_is_help=True, help="What PostgreSQL archives its WAL with; docs/backups.md.")


@archive_app.command("script")
def script_command() -> None:
    """Print the script for each server, such as /usr/local/bin/understudy-archive (mode 755)."""
    print(ARCHIVE_SCRIPT, end="")


@archive_app.command("command")
def command_command(
    cluster: Annotated[str, typer.Argument(help="The cluster's name in the settings.")],
    script: Annotated[str, typer.Option(help="Where the script is on the servers.")] = SCRIPT_PATH,
    compression: Annotated[str | None, typer.Option(help=f"One of {', '.join(COMPRESSIONS)}.")] = None,
    settings: Annotated[Path | None, typer.Option("--settings", "-s", help="The settings file.")] = None,
) -> None:
    """Print the lines for each server's postgresql.conf."""
    if compression is not None and compression not in COMPRESSIONS:
        _fail(f"no compression is called {compression}: choose {', '.join(COMPRESSIONS)}")
    try:
        clusters = clusters_of(load_settings(settings_file(settings)))
    except SettingsError as error:
        _fail(str(error))
    place = clusters[cluster].backups if cluster in clusters else None
    if place is None:
        _fail(f"the settings have no [clusters.{cluster}.backups]")
    if place.tool is not BackupTool.NATIVE:
        _fail(f"{cluster}'s backups are {place.tool}'s, which has an archive_command of its own")
    try:
        command = archive_command(place, compression, script)
    except ValueError as error:
        _fail(f"{error}: set [clusters.{cluster}.backups] archive_directory")
    quoted = command.replace("\\", "\\\\").replace("'", "''")
    print(f"archive_mode = on\narchive_timeout = 60s\narchive_command = '{quoted}'")


def _fail(message: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False).print(message, markup=False)
    raise typer.Exit(2)
