"""PgBouncer's configuration file on its own host: read, and replaced as a whole with the old version kept beside it."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.inventory import SshTarget
from servers.sections import Sections, parse_sections
from servers.ssh import Shells

# Arguments: the file. Its bytes as they are, which may be no UTF-8, and whether it could be replaced.
_READ = r"""
export LC_ALL=C
file=$(readlink -f -- "$1") && [ -r "$file" ] || { echo "@error $1 cannot be read by $(id -un)"; exit 0; }
[ -w "$(dirname -- "$file")" ] || echo "@locked $(dirname -- "$file") cannot be written by $(id -un)"
echo "@content"; base64 < "$file"; echo "@end"
echo "@done"
"""

# Arguments: the file, and the SHA-256 of what was read. Standard input: the new content in Base64.
# The rename is what makes it the new file, at once and as a whole; the copy gives it the old one's owner and mode.
_REPLACE = r"""
export LC_ALL=C
umask 077
refuse() { echo "@error $1"; exit 0; }
file=$(readlink -f -- "$1") || refuse "$1 is not there"
new=$file.understudy kept=$file.$(date -u +%Y%m%dT%H%M%SZ)
cp -p -- "$file" "$new" && base64 -d > "$new" || refuse "$new cannot be written"
[ "$(stat -c %u:%g:%a -- "$file")" = "$(stat -c %u:%g:%a -- "$new")" ] ||
  refuse "$new would not have the owner and mode of $file: let the SSH user be its owner"
[ -e "$kept" ] || cp -p -- "$file" "$kept" || refuse "$kept cannot be written"
sync -- "$new" "$kept" 2>/dev/null
case $(sha256sum < "$file") in "$2 "*) ;; *) refuse "$file was changed by somebody else just now" ;; esac
mv -f -- "$new" "$file" || refuse "$file cannot be replaced"
echo "@kept $kept"
echo "@done"
"""

_BLOCKS = frozenset({"content"})


@dataclass(frozen=True, slots=True)
class HostFile:
    """A file on the host of a traffic target. `name` is the target's, for what is said."""

    shells: Shells
    host: SshTarget
    path: str
    name: str

    async def read(self, *, timeout: float) -> tuple[bytes, str | None]:
        """Its bytes, and why it could not be replaced (None: it could). Raises ActionFailed."""
        found = await self._run(_READ, (self.path,), timeout=timeout)
        try:
            return base64.b64decode(found.blocks.get("content", ""), validate=False), found.one("locked")
        except binascii.Error:
            raise ActionFailed(f"{self.name}: {self.path} did not arrive whole. Try again") from None

    async def replace(self, old: bytes, new: bytes, *, timeout: float) -> str:
        """The path of the old version, which is kept. ActionFailed where it is not `old` any more."""
        arguments = (self.path, hashlib.sha256(old).hexdigest())
        content = base64.b64encode(new).decode() + "\n"
        found = await self._run(_REPLACE, arguments, timeout=timeout, stdin=content)
        return found.one("kept") or ""

    async def _run(
        self, script: str, arguments: tuple[str, ...], *, timeout: float, stdin: str | None = None
    ) -> Sections:
        argv = ("sh", "-c", script, "sh", *arguments)
        self.shells.wake(self.host)
        try:
            completed = await self.shells.run(self.host, argv, timeout=timeout, stdin=stdin)
        except ServerUnreachable as error:
            raise ActionFailed(f"{self.name}: its host could not be asked: {error.detail}") from error
        found = parse_sections(completed.stdout, _BLOCKS)
        if (said := found.one("error")) is not None:
            raise ActionFailed(f"{self.name}: {said}", exit_status=completed.exit_status)
        if found.one("done") is None:
            raise ActionFailed(
                f"{self.name}: {self.path} could not be handled: {' '.join(completed.stderr.split())[:200]}",
                exit_status=completed.exit_status,
            )
        return found
