"""A real Barman, on a practice server's host, that backs up the primary and gets its WAL by the archive_command."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from lab import accounts, daemons
from lab.errors import LabError
from lab.recipe import configuration
from lab.server import LabServer
from lab.settings_file import SSH_USER
from lab.world import Lab

NAME = "shop"
_ASK_SECONDS = 60.0
_ARCHIVED_SECONDS = 20.0
_POLL_SECONDS = 0.02

# https://docs.pgbarman.org/release/3.4.0/#configuration. No slot: the archive_command alone brings WAL.
_CONFIGURATION = """\
[barman]
barman_home = {home}
barman_lock_directory = {home}
barman_user = {user}
log_file = {home}/barman.log
compression = gzip
retention_policy = REDUNDANCY 2
[{name}]
description = practice
conninfo = host={sockets} port={port} user=postgres dbname=postgres
streaming_conninfo = host={sockets} port={port} user=postgres
backup_method = postgres
archiver = on
path_prefix = {programs}
"""

# What comes in has its name once it is complete.
_ARCHIVE_COMMAND = 'test ! -e "{incoming}/%f" && cp "%p" "{home}/.%f" && mv "{home}/.%f" "{incoming}/%f"'


@dataclass(frozen=True, slots=True)
class LabBarman:
    """Barman as it is set up. `home` has all that it keeps, `host` is the server on whose host it runs."""

    lab: Lab
    host: LabServer
    home: Path
    file: Path

    @property
    def state(self) -> Path:
        """Beside which the bot's jobs keep their state."""
        return self.home / "understudy"

    async def run(self, *words: str) -> str:
        """Run a command of it; its output. LabError, with what it said, when it fails."""
        argv = ("barman", "-c", str(self.file), *words)
        return await accounts.run(
            self.lab.account, argv, environment=self.host.environment, directory=self.home, timeout=_ASK_SECONDS
        )

    def ssh_to(self, server: LabServer) -> str:
        """The words that run a command on that server's host, with keys that its account may read."""
        host, port = server.bot_ssh
        options = f"-i {self.home}/key -o UserKnownHostsFile={self.home}/known_hosts -o IdentitiesOnly=yes -F /dev/null"
        return f"ssh -q {options} -o BatchMode=yes -p {port} {SSH_USER}@{host}"

    def settings(self) -> str:
        """The section of the bot's settings file."""
        ways = ", ".join(f"{server.name} = '{self.ssh_to(server)}'" for server in self.lab.servers.values())
        return f"""
[clusters.{self.lab.cluster}.backups]
kind = "barman"
name = "{NAME}"
configuration = "{self.file}"
server = "{self.host.name}"
state = "{self.state}"
to_servers = {{ {ways} }}
to_barman = '{self.ssh_to(self.host)}'
"""


async def set_up(lab: Lab, host: str) -> LabBarman:
    """Configure it on the host of that server, for the first server, which archives there from now on.

    LabError where it is not installed.
    """
    daemons.find_program("barman", "Barman", "barman")
    primary, server = next(iter(lab.servers.values())), lab.servers[host]
    home = lab.account.directory(server.paths.root / "barman")
    incoming = lab.account.directory(lab.account.directory(home / NAME) / "incoming")
    text = _CONFIGURATION.format(
        home=home, user=lab.account.name, name=NAME, sockets=primary.socket_directory, port=primary.port,
        programs=primary.bin_directory,
    )  # fmt: skip
    made = LabBarman(lab, server, home, lab.account.write(home / "barman.conf", text))
    lab.account.write(home / "key", lab.key_file.read_text())
    lab.account.write(home / "known_hosts", lab.known_hosts.read_text())
    command = _ARCHIVE_COMMAND.format(incoming=incoming, home=home)
    lines = configuration({"archive_command": command})
    lab.account.write(primary.paths.configuration, primary.paths.configuration.read_text() + lines)
    await primary.query("SELECT pg_reload_conf()")
    await primary.query("SELECT pg_create_restore_point('Barman')")  # without any WAL there is nothing to switch
    await primary.query("SELECT pg_switch_wal()")
    await _until_something_came_in(incoming)
    await made.run("archive-wal", NAME)  # without which its check fails: it has never seen WAL
    return made


async def _until_something_came_in(incoming: Path) -> None:
    try:
        async with asyncio.timeout(_ARCHIVED_SECONDS):
            while not _has_something(incoming):  # noqa: ASYNC110 - the archiver is another process
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise LabError(f"no WAL came into {incoming}: look at the primary's log") from None


def _has_something(directory: Path) -> bool:
    return any(directory.iterdir())
