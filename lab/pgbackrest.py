"""A real pgBackRest on each practice server: a stanza, a repository that all share, and the archive_command.

Debian's version knows PostgreSQL up to 15: such a lab is started with `postgresql="system"`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from lab import accounts, daemons
from lab.recipe import configuration
from lab.server import LabServer
from lab.world import Lab

STANZA = "shop"
_ASK_SECONDS = 60.0

# https://pgbackrest.org/configuration.html. No retries, because what fails here is meant to; the quickest compression.
_CONFIGURATION = """\
[global]
repo1-path={repository}
repo1-retention-full=2
log-path={directory}/log
lock-path={directory}/lock
spool-path={directory}/spool
start-fast=y
process-max=2
compress-type=lz4
archive-timeout=60
job-retry=0
{further}
[{stanza}]
pg1-path={data}
pg1-socket-path={sockets}
pg1-port={port}
pg1-user=postgres
"""


@dataclass(frozen=True, slots=True)
class LabPgBackRest:
    """pgBackRest as it is set up. `repository` is the directory of the first repository."""

    lab: Lab
    repository: Path
    files: dict[str, Path] = field(default_factory=dict)

    async def run(self, server: str, *words: str, file: str | None = None) -> str:
        """Run a command of it on that server; its output. LabError, with what it said, when it fails.

        `file`: another configuration than the server's.
        """
        host = self.lab.servers[server]
        argv = ("pgbackrest", f"--config={file or self.files[server]}", f"--stanza={STANZA}", *words)
        return await accounts.run(
            self.lab.account, argv, environment=host.environment, directory=host.paths.home, timeout=_ASK_SECONDS
        )

    def settings(self, server: str | None = None) -> str:
        """The section of the bot's settings file. `server`: on which it is run, where it shall be one."""
        runs_on = f'server = "{server}"\n' if server else ""
        return f'\n[clusters.{self.lab.cluster}.backups]\nkind = "pgbackrest"\nstanza = "{STANZA}"\n{runs_on}'


async def set_up(lab: Lab, further: str = "") -> LabPgBackRest:
    """Configure it on every server, create the stanza and let the primary archive by it.

    `further`: lines of the configuration, such as those of a second repository. LabError where it is not installed.
    """
    daemons.find_program("pgbackrest", "pgBackRest", "pgbackrest")
    repository = lab.account.directory(lab.directory / "pgbackrest")
    made = LabPgBackRest(lab, repository)
    for server in lab.servers.values():
        made.files[server.name] = _configure(lab, server, repository, further)
        # As if it were the host's /etc/pgbackrest/pgbackrest.conf: whoever logs in there finds it.
        server.environment["PGBACKREST_CONFIG"] = str(made.files[server.name])
    await made.run(next(iter(lab.servers)), "stanza-create")
    for server in lab.servers.values():
        if server.postmaster_pid() is not None:
            await server.query("SELECT pg_reload_conf()")
    return made


def _configure(lab: Lab, server: LabServer, repository: Path, further: str) -> Path:
    directory = lab.account.directory(server.paths.root / "pgbackrest")
    lab.account.directory(directory / "log")
    text = _CONFIGURATION.format(
        repository=repository, directory=directory, further=further, stanza=STANZA, data=server.data_directory,
        sockets=server.socket_directory, port=server.port,
    )  # fmt: skip
    file = lab.account.write(directory / "pgbackrest.conf", text)
    command = f"pgbackrest --config={file} --stanza={STANZA} archive-push %p"
    lines = configuration({"archive_command": command, "restore_command": _restore_command(file)})
    lab.account.write(server.paths.configuration, server.paths.configuration.read_text() + lines)
    return file


def _restore_command(file: Path) -> str:
    return f'pgbackrest --config={file} --stanza={STANZA} archive-get %f "%p"'
