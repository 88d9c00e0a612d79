"""`understudy audit verify|export|key`: the audit log, checked and taken out without the bot."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer
from rich.console import Console
from sqlite_utils import Database

from bot.settings import Settings, load_settings, settings_file
from bot.settings_mistakes import SettingsError
from bot.terminal.audit_key_command import key_app
from bot.terminal.login import login_of_process
from commands.audit_words import understood
from commands.command import Misunderstood
from commands.registry import COMMANDS
from ledger.audit import Actor, AuditEntry, AuditFilter, AuditKind, actors, append
from ledger.audit_chain import Head, Outside, Verification, verify
from ledger.audit_export import export, export_csv, verify_export
from ledger.audit_segments import ledger_id
from ledger.brought_back import BroughtBack, brought_back
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.signing import KeyUnusable, PublicKey, read_public_key, read_signing_key

if TYPE_CHECKING:
    from bot.witness.reading import WitnessesFound

_RECORD = '{"entry":'  # how a record's line begins, docs/audit.md; signatures and the head have lines of their own

audit_app = typer.Typer(no_args_is_help=True, help="The audit log: verify it, export it, make its signing key.")
audit_app.add_typer(key_app, name="key")
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", "-s", help="The settings file; else UNDERSTUDY_SETTINGS, else ./understudy.toml."),
]
LedgerOption = Annotated[Path | None, typer.Option("--ledger", help="The ledger, where there is no settings file.")]
ExportOption = Annotated[Path | None, typer.Option("--export", help="An export to verify instead of the ledger.")]


@audit_app.command("verify")
def verify_command(
    file: Annotated[Path | None, typer.Argument(help="The same as --export.")] = None,
    export_file: ExportOption = None,
    settings: SettingsOption = None,
    ledger: LedgerOption = None,
    public_key: Annotated[
        list[Path] | None, typer.Option("--public-key", help="A public key that may have signed; may be repeated.")
    ] = None,
    head: Annotated[
        list[str] | None, typer.Option(help="COUNT:HASH, an earlier end of the log that was kept elsewhere.")
    ] = None,
    s3: Annotated[str | None, typer.Option("--s3", help="s3://BUCKET/PREFIX, where signed heads were written.")] = None,
    s3_region: Annotated[str | None, typer.Option(help="Its region, unless the environment says it.")] = None,
    s3_endpoint: Annotated[str | None, typer.Option(help="Its address, where it is not Amazon's.")] = None,
) -> None:
    """Recompute the whole chain, check signatures and heads kept elsewhere; exit status 1 when anything was altered.

    With --export nothing else is needed: neither the bot nor its ledger.
    """
    exported = export_file or file
    loaded = None if exported or ledger else _settings(settings)
    try:
        keys = _keys(public_key or [], loaded)
        place = ledger or (loaded.path(loaded.ledger.path) if loaded else None)
        found = _in_s3(s3, s3_region, s3_endpoint, exported, place) if s3 is not None else None
        outside = Outside(tuple(map(_kept, head or [])), keys, found.witnesses if found else ())
        result = _verified_export(exported, outside) if exported else asyncio.run(_verified(place, outside))
        copies = () if exported or not result.ok else asyncio.run(_copies_of(place or Path()))
    except (OSError, UnicodeDecodeError) as error:
        _fail(f"{exported} cannot be read: {error}")
    except (LedgerError, KeyUnusable) as error:
        _fail(str(error))
    raise typer.Exit(_report(result, found, copies))


@audit_app.command("export")
def export_command(
    settings: SettingsOption = None,
    ledger: LedgerOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A new file; else standard output.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV for people; only JSON lines can be verified.")] = False,
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Which records, as after /ha audit: person alice cluster shop command promote since 2h"),
    ] = None,
) -> None:
    """Write the log as JSON lines that `audit verify --export FILE` can check anywhere, or as CSV."""
    loaded = None if ledger else _settings(settings)
    path = ledger or (loaded.path(loaded.ledger.path) if loaded else Path())
    try:
        if output is None:
            asyncio.run(_export(path, sys.stdout, words or [], as_csv, loaded))
        else:
            with output.open("x", encoding="utf-8", newline="") as out:
                asyncio.run(_export(path, out, words or [], as_csv, loaded))
    except OSError as error:
        _fail(f"{output or 'the output'} cannot be written: {error.strerror}")
    except (LedgerError, Misunderstood) as error:
        _fail(str(error))


def _verified_export(file: Path, outside: Outside) -> Verification:
    # Bytes that are no ASCII are found as lines that are not as they were exported.
    with file.open(encoding="ascii", errors="surrogateescape", newline="\n") as lines:
        return verify_export(lines, outside=outside)


async def _verified(path: Path | None, outside: Outside) -> Verification:
    async with await Ledger.open(path or Path(), create=False) as ledger:
        return await ledger.read(lambda db: verify(db, outside=outside))


async def _copies_of(path: Path) -> tuple[BroughtBack, ...]:
    async with await Ledger.open(path, create=False) as ledger:
        return await ledger.read(brought_back)


def _in_s3(
    url: str, region: str | None, endpoint: str | None, exported: Path | None, place: Path | None
) -> "WitnessesFound":
    """What S3 holds of the ledger that is verified."""
    from bot.witness.reading import WitnessUnreadable, ledger_named_in, read_witnesses  # boto3 is slow to import

    if exported is None:
        ledger: str | None = asyncio.run(_name_in(place or Path()))
    else:
        with exported.open(encoding="ascii", errors="surrogateescape", newline="\n") as lines:
            ledger = ledger_named_in(lines)
    try:
        return read_witnesses(url, region, endpoint, ledger)
    except WitnessUnreadable as error:
        _fail(str(error))


async def _name_in(path: Path) -> str:
    async with await Ledger.open(path, create=False) as ledger:
        return await ledger.read(ledger_id)


async def _export(path: Path, out: TextIO, words: list[str], as_csv: bool, loaded: Settings | None) -> None:
    async with await Ledger.open(path, create=False) as ledger:
        known = tuple(loaded.clusters) if loaded else None
        people = await ledger.read(actors)
        commands = tuple(command.name for command in COMMANDS)
        wanted = understood([word.casefold() for word in words], people, known, commands, datetime.now(UTC)).wanted
        count = await ledger.read(lambda db: _write(out, as_csv, wanted, db))
        await ledger.write(lambda db: append(db, _exported(wanted, count, as_csv)))


def _write(out: TextIO, as_csv: bool, wanted: AuditFilter, db: Database) -> int:
    """How many records it wrote."""
    count = 0
    if as_csv:
        for number, row in enumerate(export_csv(db, wanted)):
            count = number  # the first row has the names of the columns
            out.write(row)
        return count
    for line in export(db, wanted):
        count += line.startswith(_RECORD)
        out.write(f"{line}\n")
    return count


def _exported(wanted: AuditFilter, count: int, as_csv: bool) -> AuditEntry:
    """That somebody has taken records away. It is not among them: an export ends before it."""
    login = login_of_process()
    details: dict[str, object] = {
        "filter": wanted.parameters(),
        "records": count,
        "format": "CSV" if as_csv else "JSON",
    }
    if login.is_somebody_else:
        details["runs as"] = login.runs_as
    actor = Actor(f"os:{login.user}", login.user, "terminal")
    return AuditEntry(datetime.now(UTC), AuditKind.AUDIT_EXPORTED, actor, details=details)


def _report(result: Verification, found: "WitnessesFound | None", copies: Sequence[BroughtBack] = ()) -> int:
    console = Console(soft_wrap=True, highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False)

    if not result.ok:
        say(f"The audit log is NOT whole. Record {result.first_bad}: {result.reason}.")
        if not result.part:
            say(f"The {result.count} records before it are as they were written.")
    elif result.part:
        say(f"This is a part of an audit log: {result.count} records, each as it was written.")
        say("What was left out cannot be proved from a part: export the whole for that.")
    else:
        say(f"The audit log is whole: {result.count} records, head {result.count}:{result.head}")
        say(_signatures(result))
        for each in copies:
            say(_ends_with(each))
    for line in found.lines() if found else ():
        say(line)
    return 0 if result.ok and not (found and found.findings) else 1


def _ends_with(copy: BroughtBack) -> str:
    return (
        f"It was brought back {copy.at:%Y-%m-%d %H:%M:%S} UTC from {copy.copy}, which ends with record {copy.records}: "
        f"what was recorded after that one and before record {copy.sequence} is not in it."
    )


def _signatures(result: Verification) -> str:
    if not result.signed:
        return "Nothing of it is signed: set audit.signing_key_file, so that a rewritten log can be found."
    if not result.checked:
        return f"Signed up to record {result.signed}, not checked: give --public-key FILE."
    unsigned = result.count - result.signed
    tail = f" The {unsigned} records after it are not signed yet." if unsigned else ""
    return f"Signatures are good up to record {result.signed}.{tail}"


def _settings(file: Path | None) -> Settings:
    try:
        return load_settings(settings_file(file))
    except SettingsError as error:
        _fail(f"The settings cannot be used; mend them, or name the ledger with --ledger.\n{error}")


def _keys(files: list[Path], loaded: Settings | None) -> tuple[PublicKey, ...]:
    """Those that were named; else the one of the settings."""
    if files or loaded is None or loaded.audit.signing_key_file is None:
        return tuple(read_public_key(file) for file in files)
    return (read_signing_key(loaded.path(loaded.audit.signing_key_file)).public,)


def _kept(head: str) -> Head:
    count, _, digest = head.partition(":")
    if not (count.isascii() and count.isdigit()) or len(digest) != 64:
        _fail("--head takes COUNT:HASH as `audit verify` prints it")
    return Head(int(count), digest)


def _fail(message: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False).print(message, markup=False)
    raise typer.Exit(2)
