"""A copy of the ledger, compressed and encrypted, and the way back. Nothing of it is ever held in memory as a whole."""

import asyncio
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

from servers.blocking import in_thread
from servers.engines.engine import ActionFailed
from servers.inventory import Encryption

PACK_SECONDS = 300.0
_GPG = ("gpg", "--batch", "--yes", "--no-tty", "--quiet")


async def pack(file: Path, into: Path, keys: Encryption | None) -> None:
    """Raises ActionFailed. `into` is a new file; beside it, one more is there meanwhile."""
    plain = into if keys is None else into.with_name(f"{into.name}.plain")
    await _blocking(lambda: _compress(file, plain))
    if keys is not None:
        recipients = (word for each in keys.recipients for word in ("--recipient", each))
        options = ("--trust-model", "always", "--compress-algo", "none", *recipients)
        await _gpg(keys, *options, "--output", str(into), "--encrypt", "--", str(plain))


async def unpack(file: Path, into: Path, keys: Encryption | None) -> None:
    """Raises ActionFailed. `keys` None: it is not encrypted."""
    plain = file
    if keys is not None:
        plain = into.with_name(f"{into.name}.packed")
        passphrase = ("--pinentry-mode", "loopback", "--passphrase-file", keys.passphrase_file or "")
        options = passphrase if keys.passphrase_file else ()
        await _gpg(keys, *options, "--output", str(plain), "--decrypt", "--", str(file))
    await _blocking(lambda: _decompress(plain, into))


def _compress(file: Path, into: Path) -> None:
    with file.open("rb") as source, gzip.open(into, "xb", compresslevel=6) as target:
        shutil.copyfileobj(source, target)


def _decompress(file: Path, into: Path) -> None:
    try:
        with gzip.open(file) as source, into.open("xb") as target:
            shutil.copyfileobj(source, target)
    except (EOFError, gzip.BadGzipFile) as error:
        raise ActionFailed(f"the copy of the ledger is cut short or altered: {error}") from None


async def _blocking(work: Callable[[], None]) -> None:
    try:
        await in_thread(work, PACK_SECONDS)
    except OSError as error:
        raise ActionFailed(f"the copy of the ledger cannot be written: {error.strerror or error}") from error


async def _gpg(keys: Encryption, *words: str) -> None:
    home = ("--homedir", keys.gpg_home) if keys.gpg_home else ()
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *_GPG, *home, *words, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except OSError as error:
        raise ActionFailed(f"gpg cannot be run here ({error.strerror}): install it where Understudy runs") from error
    try:
        async with asyncio.timeout(PACK_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        raise ActionFailed(f"gpg has not ended within {PACK_SECONDS:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        line = next(iter(said.decode("utf-8", "replace").strip().splitlines()), "nothing")
        raise ActionFailed(f"gpg here says: {line[:200]}")
