"""`understudy audit verify|export`: the audit log, checked and taken out without the bot."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, NoReturn, TextIO

import typer
from rich.console import Console

from bot.settings import load_settings, settings_file
from bot.settings_mistakes import SettingsError
from ledger.audit_chain import Head, Verification, export, verify, verify_export
from ledger.errors import LedgerError
from ledger.ledger import Ledger

audit_app = typer.Typer(no_args_is_help=True, help="The audit log: verify its chain, export it.")
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", "-s", help="The settings file; else UNDERSTUDY_SETTINGS, else ./understudy.toml."),
]
LedgerOption = Annotated[Path | None, typer.Option("--ledger", help="The ledger, where there is no settings file.")]


@audit_app.command("verify")
def verify_command(
    file: Annotated[Path | None, typer.Argument(help="An export to verify instead of the ledger.")] = None,
    settings: SettingsOption = None,
    ledger: LedgerOption = None,
    head: Annotated[
        str | None, typer.Option(help="COUNT:HASH, an earlier end of the log that was kept elsewhere.")
    ] = None,
) -> None:
    """Recompute the whole chain; exit status 1 and the first bad record when anything was altered."""
    kept = _kept(head)
    try:
        if file is not None:
            with file.open(encoding="utf-8") as lines:
                result = verify_export(lines, kept)
        else:
            result = asyncio.run(_verified(_ledger_path(settings, ledger), kept))
    except (OSError, UnicodeDecodeError) as error:
        _fail(f"{file} cannot be read: {error}")
    except LedgerError as error:
        _fail(str(error))
    raise typer.Exit(_report(result))


@audit_app.command("export")
def export_command(
    settings: SettingsOption = None,
    ledger: LedgerOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A new file; else standard output.")] = None,
) -> None:
    """Write the log as JSON lines that `audit verify FILE` can check anywhere."""
    path = _ledger_path(settings, ledger)
    try:
        if output is None:
            asyncio.run(_export(path, sys.stdout))
        else:
            with output.open("x", encoding="utf-8") as out:
                asyncio.run(_export(path, out))
    except OSError as error:
        _fail(f"{output or 'the output'} cannot be written: {error.strerror}")
    except LedgerError as error:
        _fail(str(error))


async def _verified(path: Path, kept: Head | None) -> Verification:
    async with await Ledger.open(path, create=False) as ledger:
        return await ledger.read(lambda db: verify(db, kept))


async def _export(path: Path, out: TextIO) -> None:
    async with await Ledger.open(path, create=False) as ledger:
        await ledger.read(lambda db: out.writelines(f"{line}\n" for line in export(db)))


def _report(result: Verification) -> int:
    console = Console(soft_wrap=True, highlight=False)
    if result.ok:
        console.print(
            f"The audit log is whole: {result.count} records, head {result.count}:{result.head}", markup=False
        )
        return 0
    console.print(
        f"The audit log is NOT whole. Record {result.first_bad}: {result.reason}. "
        f"The {result.count} records before it are as they were written.",
        markup=False,
    )
    return 1


def _ledger_path(settings: Path | None, ledger: Path | None) -> Path:
    if ledger is not None:
        return ledger
    try:
        loaded = load_settings(settings_file(settings))
    except SettingsError as error:
        _fail(f"The settings cannot be used; mend them, or name the ledger with --ledger.\n{error}")
    return loaded.path(loaded.ledger.path)


def _kept(head: str | None) -> Head | None:
    if head is None:
        return None
    count, _, digest = head.partition(":")
    if not count.isdigit() or len(digest) != 64:
        _fail("--head takes COUNT:HASH as `audit verify` prints it")
    return Head(int(count), digest)


def _fail(message: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False).print(message, markup=False)
    raise typer.Exit(2)
