"""The archive script on a server's host: put there, and never over something that is not ours."""

from servers.backups.native.archive_command import ARCHIVE_SCRIPT, SCRIPT_PATH
from servers.engines.engine import ActionFailed
from servers.engines.job_scripts import PRELUDE
from servers.engines.jobs import Jobs
from servers.inventory import Server
from servers.ssh import Shells

# Data is the data directory. Argument: where the script goes; where that directory cannot be written to, it goes into
# the home of PostgreSQL's user. Standard input: the script. An older one of ours is moved aside, and kept.
INSTALL = (
    PRELUDE
    + r"""
path=$1 text=$(cat)
if [ ! -w "${path%/*}" ] && [ "$(cat -- "$path" 2>/dev/null)" != "$text" ]; then
  home=$(getent passwd "$owner" | cut -d : -f 6)
  [ -d "$home" ] || refuse "${path%/*} cannot be written to, and $owner has no home"
  path=$home/${path##*/}
fi
if [ "$(cat -- "$path" 2>/dev/null)" = "$text" ] && [ -x "$path" ]; then echo "@path $path"; echo "@done"; exit 0; fi
if [ -e "$path" ]; then
  sed -n 2p -- "$path" | grep -q '^# understudy-archive ' || refuse "$path is there, and is not Understudy's"
  mv -- "$path" "$path.before-$(date -u +%Y%m%dT%H%M%SZ)-$$" || refuse "$path cannot be moved aside"
fi
new=$path.new-$$
printf '%s\n' "$text" > "$new" && chmod 755 -- "$new" && sync -- "$new" && mv -T -- "$new" "$path" ||
  refuse "$path cannot be written"
sync -- "${path%/*}" 2>/dev/null
echo "@path $path"
echo "@done"
"""
)


class Archiving:
    """Raises ActionFailed. May be repeated."""

    def __init__(self, shells: Shells) -> None:
        self._jobs = Jobs(shells)

    async def install(self, server: Server, *, path: str = SCRIPT_PATH, timeout: float = 15.0) -> str:
        """The script on that host, as PostgreSQL's user may run it; where it is."""
        found = await self._jobs.run(server, server.service.data_directory, INSTALL, (path,), timeout, ARCHIVE_SCRIPT)
        at = found.one("path")
        if at is None:
            raise ActionFailed(f"{server.name}: where the archive script is was not said")
        return at
