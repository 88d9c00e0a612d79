"""The archive script on a server's host, and what the server archives with: looked at, and put there.

The script never goes over something that is not ours; an older one of ours is moved aside, and kept.
"""

import base64
from dataclasses import dataclass

from servers.backups.native.archive_command import ARCHIVE_SCRIPT
from servers.engines.engine import ActionFailed
from servers.engines.job_scripts import PRELUDE
from servers.engines.jobs import Jobs
from servers.inventory import Server
from servers.ssh import Shells

_SQL = """
SELECT current_setting('archive_mode'), current_setting('archive_timeout'),
       encode(convert_to(current_setting('archive_command'), 'UTF8'), 'base64'),
       (SELECT count(*) FROM pg_settings WHERE name = 'archive_mode' AND pending_restart)
"""

# Data is the data directory. Argument: where the script goes. Standard input: the script.
_SCRIPT = (
    PRELUDE
    + r"""
path=$1 text=$(cat)
is_there() { [ "$(cat -- "$path" 2>/dev/null)" = "$text" ] && as_owner test -x "$path"; }
# What may be written is asked of who writes: the SSH user, which is PostgreSQL's or root.
may_be_put() {
  [ -d "${path%/*}" ] && [ -w "${path%/*}" ] || refuse "$(id -un) may not write into ${path%/*}: name another place" \
    "for the script, by archive_script in the settings of the backups"
  [ ! -e "$path" ] || sed -n 2p -- "$path" | grep -q '^# understudy-archive ' ||
    refuse "$path is there, and is not Understudy's"
}
refuse() { echo "@failed $*"; echo "@done"; exit 0; }
"""
)

# Second argument: SQL whose answer is one row, apart by "|".
LOOK = (
    _SCRIPT
    + r"""
if is_there; then echo "@there"; else may_be_put; fi
find_postmaster
[ -n "$pid" ] || refuse "it does not run"
{ read -r _; read -r _; read -r _; read -r port; IFS= read -r sockets; } < "$data/postmaster.pid"
[ -n "$sockets" ] || sockets=localhost
for user in $owner postgres; do
  answer=$(as_owner env PGCONNECT_TIMEOUT=3 psql -X -w -q -A -t -v ON_ERROR_STOP=1 -h "${sockets%%,*}" -p "$port" \
    -U "$user" -d postgres -c "$2" 2>&1) && { echo "@sql $(printf '%s' "$answer" | tr -d '\n')"; answer=; break; }
done
[ -z "$answer" ] || refuse "$(printf '%s' "$answer" | tail -n 1)"
echo "@done"
"""
)

INSTALL = (
    _SCRIPT
    + r"""
if is_there; then echo "@done"; exit 0; fi
may_be_put
if [ -e "$path" ]; then
  mv -- "$path" "$path.before-$(date -u +%Y%m%dT%H%M%SZ)-$$" || refuse "$path cannot be moved aside"
fi
new=$path.new-$$
printf '%s\n' "$text" > "$new" && chmod 755 -- "$new" && sync -- "$new" && mv -T -- "$new" "$path" ||
  refuse "$path cannot be written"
sync -- "${path%/*}" 2>/dev/null
is_there || refuse "$owner cannot run $path: look at the rights of ${path%/*}"
echo "@done"
"""
)


@dataclass(frozen=True, slots=True)
class ArchivingFacts:
    """What a server archives with, and whether this version's script is on its host. `waits`: for a restart."""

    script_there: bool
    mode: str
    timeout: str
    command: str
    waits: bool


class Archiving:
    """`path` is where the script is, or goes. Raises ActionFailed. May be repeated."""

    def __init__(self, shells: Shells) -> None:
        self._jobs = Jobs(shells)

    async def look(self, server: Server, path: str, *, timeout: float = 10.0) -> ArchivingFacts:
        data = server.service.data_directory
        found = await self._jobs.run(server, data, LOOK, (path, _SQL), timeout, ARCHIVE_SCRIPT)
        words = (found.one("sql") or "").split("|")
        if len(words) != 4:
            raise ActionFailed(f"{server.name}: what it archives with was not said")
        try:
            command = base64.b64decode(words[2], validate=True).decode("utf-8", "replace")
        except ValueError as error:
            raise ActionFailed(f"{server.name}: its archive_command makes no sense: {error}") from None
        return ArchivingFacts(found.one("there") is not None, words[0], words[1], command, words[3] != "0")

    async def install(self, server: Server, path: str, *, timeout: float = 15.0) -> None:
        """The script on that host, as PostgreSQL's user may run it."""
        await self._jobs.run(server, server.service.data_directory, INSTALL, (path,), timeout, ARCHIVE_SCRIPT)
