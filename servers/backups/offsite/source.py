"""Files on a host, read and written by pieces over SSH.

Each piece is a command of its own with a deadline: nothing is held open for hours, a broken connection costs a piece.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.inside import run_inside
from servers.inventory import Server
from servers.service import programs
from servers.ssh import Shells
from servers.ssh_session import LARGEST_OUTPUT

# As base64 it must fit into what is kept of a command's output.
PIECE = LARGEST_OUTPUT // 4 * 3 // 65536 * 65536
_READ = 'dd if="$1" bs=65536 skip="$2" count="$3" 2>/dev/null | head -c "$4" | base64 -w 0'
_MD5 = 'dd if="$1" bs=65536 skip="$2" 2>/dev/null | head -c "$3" | md5sum'
_SIZES = 'cd "$1" && for each in *; do [ ! -f "$each" ] || echo "$(stat -c %s -- "$each") $each"; done; echo @done'
# By pages, because what is kept of a command's output is bounded: names from the second argument on, at most the third.
_NAMES = 'cd "$1" && LC_ALL=C; ls -f | LC_ALL=C sort | tail -n "+$2" | head -n "$3"; echo @done'
_PAGE = 10_000
# It is only ever added to, and only where it ends: a piece whose answer was lost is never there twice.
_APPEND = '[ "$(stat -c %s -- "$1" 2>/dev/null || echo 0)" = "$2" ] || exit 3; umask 077; base64 -d >> "$1"'
_MAKE = 'umask 077; mkdir -p -- "$1"'
# A file or a directory gets its name once all of it is on the disk (not what else its file system has to write: that
# may take minutes); it belongs to whom the directory it is in belongs to.
_FINISH = """[ ! -e "$2" ] || { echo "$2 is there already" >&2; exit 1; }
chown -R --reference="${2%/*}" -- "$1" && { [ ! -d "$1" ] || sync -- "$1"/*; } && sync -- "$1" &&
  mv -T -- "$1" "$2" && sync -- "${2%/*}" """
_SYSTEM = r"""LC_ALL=C "${2:+$2/}pg_controldata" -D "$1" 2>/dev/null |
sed -n 's/^Database system identifier: *//p'"""
_BLOCK = 65536
_TRIES = 3


@dataclass(frozen=True, slots=True)
class RemoteFiles:
    """Files on a server's host. Everything raises ActionFailed."""

    shells: Shells
    server: Server

    async def sizes(self, directory: str, *, timeout: float = 15.0) -> dict[str, int]:
        """The plain files of a directory, with their bytes."""
        lines = await self._lines(("sh", "-c", _SIZES, "sh", directory), timeout)
        pairs = (line.split(" ", 1) for line in lines)
        return {name: int(size) for size, name in pairs}

    async def names(self, directory: str, *, timeout: float = 30.0) -> tuple[str, ...]:
        """What is in a directory, by name, however much it is."""
        found: list[str] = []
        while True:
            command = ("sh", "-c", _NAMES, "sh", directory, str(len(found) + 1), str(_PAGE))
            page = await self._lines(command, timeout)
            found += page
            if len(page) < _PAGE:
                return tuple(found)

    async def system(self) -> str:
        """The database system whose data lie in the server's data directory; '' where that cannot be told."""
        service = self.server.service
        command = ("sh", "-c", _SYSTEM, "sh", service.data_directory, programs(service))
        return await self._run(command, 15.0)

    async def modified(self, path: str, *, timeout: float = 15.0) -> int | None:
        """When it was written, in seconds since 1970; None where there is no such file."""
        script = 'stat -c %Y -- "$1" 2>/dev/null || echo'
        return int(await self._run(("sh", "-c", script, "sh", path), timeout) or 0) or None

    async def set_modified(self, path: str, seconds: int, *, timeout: float = 15.0) -> None:
        """As if it had been written then."""
        await self._run(("touch", "-d", f"@{seconds:d}", "--", path), timeout)

    async def size(self, path: str, *, timeout: float = 15.0) -> int:
        """The bytes of a file."""
        return int(await self._run(("stat", "-c", "%s", "--", path), timeout))

    async def read(self, path: str, offset: int, size: int, *, timeout: float = 60.0) -> bytes:
        """`size` bytes from `offset`, which is a multiple of 64 KiB; at most PIECE of them."""
        blocks = -(-size // _BLOCK)
        arguments = (path, str(offset // _BLOCK), str(blocks), str(size))
        printed = await self._run(("sh", "-c", _READ, "sh", *arguments), timeout)
        try:
            found = base64.b64decode(printed, validate=True)
        except binascii.Error as error:
            raise ActionFailed(f"{self.server.name}: {path} could not be read: {error}") from None
        if len(found) != size:
            raise ActionFailed(f"{self.server.name}: {path} is shorter than it was: somebody writes it?")
        return found

    async def append(self, path: str, offset: int, piece: bytes, *, timeout: float = 60.0) -> None:
        """Add a piece to a file that has `offset` bytes. Tried once: whoever calls asks for the size, and goes on."""
        command = ("sh", "-c", _APPEND, "sh", path, str(offset))
        await self._run(command, timeout, tries=1, stdin=base64.b64encode(piece).decode("ascii"))

    async def size_or_zero(self, path: str) -> int:
        """The bytes of a file; 0 where there is none."""
        script = 'stat -c %s -- "$1" 2>/dev/null || echo 0'
        return int(await self._run(("sh", "-c", script, "sh", path), 15.0))

    async def make_directory(self, path: str) -> None:
        """A directory that only its user can read, unless it is there."""
        await self._run(("sh", "-c", _MAKE, "sh", path), 15.0)

    async def finish(self, part: str, directory: str, *, timeout: float = 600.0) -> None:
        """Give a directory its name. Refused where something has that name already."""
        await self._run(("sh", "-c", _FINISH, "sh", part, directory), timeout, tries=1)

    async def md5(self, path: str, offset: int, size: int, *, timeout: float = 600.0) -> bytes:
        """The MD5 of those bytes, reckoned there."""
        printed = await self._run(("sh", "-c", _MD5, "sh", path, str(offset // _BLOCK), str(size)), timeout)
        return bytes.fromhex(printed.split(" ")[0])

    async def _lines(self, command: Sequence[str], timeout: float) -> list[str]:
        *lines, last = (await self._run(command, timeout)).splitlines() or [""]
        if last != "@done":
            raise ActionFailed(f"{self.server.name}: {command[4]} cannot be listed, or has too many files")
        return lines

    async def _run(
        self, command: Sequence[str], timeout: float, *, tries: int = _TRIES, stdin: str | None = None
    ) -> str:
        """A read does no harm, so one that a broken connection took with it is done again."""
        for number in range(1, tries + 1):
            try:
                completed = await run_inside(self.shells, self.server, command, timeout=timeout, stdin=stdin)
            except ServerUnreachable as error:
                if number == tries:
                    raise ActionFailed(f"{self.server.name}'s host could not be asked: {error.detail}") from error
                self.shells.wake(self.server)
                continue
            if not completed.ok:
                raise ActionFailed(f"{self.server.name}: {' '.join(completed.output.split())[:300] or 'no such file'}")
            return completed.stdout.strip()
        raise AssertionError("the loop ends by itself")
