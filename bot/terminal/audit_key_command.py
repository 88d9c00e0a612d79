"""`understudy audit key new|show`: the key that signs the audit log."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from ledger.signing import KeyUnusable, PublicKey, new_key_file, read_signing_key

key_app = typer.Typer(no_args_is_help=True, help="The key that signs the audit log.")
FileArgument = Annotated[Path, typer.Argument(help="The private key's file.")]


@key_app.command("new")
def new_command(file: FileArgument = Path("audit.key")) -> None:
    """Write a new private key that only its owner can read, and print the public one."""
    try:
        public = new_key_file(file)
    except FileExistsError:
        _fail(f"{file} is there already, and a key is never overwritten: name another file")
    except OSError as error:
        _fail(f"{file} cannot be written: {error.strerror}")
    _say(f'Wrote {file}. Put it into the settings: [audit] signing_key_file = "{file}"')
    _say("Keep this public key where the owner of this machine cannot change it:", public)


@key_app.command("show")
def show_command(file: FileArgument = Path("audit.key")) -> None:
    """Print the public key of a private key file."""
    try:
        print(read_signing_key(file).public.pem, end="")
    except KeyUnusable as error:
        _fail(str(error))


def _say(line: str, public: PublicKey | None = None) -> None:
    """What is to be piped into a file goes to standard output, words for people beside it."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(line, markup=False)
    if public is not None:
        print(public.pem, end="")
        _say(f"Its id is {public.id}")


def _fail(message: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False).print(message, markup=False)
    raise typer.Exit(2)
