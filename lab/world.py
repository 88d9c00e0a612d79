"""The practice world: a real PostgreSQL pair, an SSH server for each, and relays between everybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from lab.backups import take_backup
from lab.builder import World, build_world
from lab.control_socket import serve_controls
from lab.controls import LabControls
from lab.errors import LabError
from lab.faults import Faults
from lab.links import Links
from lab.load import WriteLoad
from lab.options import LabOptions
from lab.patroni_rest import rest_of
from lab.server import LabServer
from lab.settings_file import SettingsSource, write_settings

__all__ = ["Lab", "LabOptions"]


class Lab:
    """A running practice world. Made by `Lab.start`."""

    def __init__(self, world: World) -> None:
        self.directory = world.directory
        self.cluster = world.options.cluster
        self.engine = world.options.engine
        self.version = world.binaries.version
        self.account = world.account
        self.servers: dict[str, LabServer] = world.servers
        self.links: Links = world.links
        self.backups = world.backups
        self.archive = world.archive
        self.key_file = world.key_file
        self.known_hosts = world.known_hosts
        self.passwords = world.passwords
        self.patroni = rest_of(world.directory, world.passwords, tls=world.options.patroni_tls)
        self.replication_passfile = world.replication_passfile
        self.faults = Faults(world)
        self.load = WriteLoad(tuple(world.servers.values()), world.passwords["app"], world.directory / "load")
        self._controls = LabControls(world, self.faults, self.load)

    @classmethod
    @asynccontextmanager
    async def start(cls, options: LabOptions | None = None) -> AsyncIterator["Lab"]:
        """A world until the block ends; then everything is stopped and removed, whatever ended it.

        LabError when it cannot start; nothing is left behind then either.
        """
        stack = AsyncExitStack()
        try:
            lab = cls(await build_world(options or LabOptions(), stack))
            await stack.enter_async_context(serve_controls(lab.directory, lab.controls()))
            stack.push_async_callback(lab.load.stop)
            yield lab
        finally:
            await _to_the_end(stack)

    def server(self, name: str) -> LabServer:
        """The server of that name. LabError when there is none."""
        try:
            return self.servers[name]
        except KeyError:
            raise LabError(f"there is no server {name!r}; there are {', '.join(self.servers)}") from None

    def controls(self) -> LabControls:
        """Faults and write load, as the practice page offers them."""
        return self._controls

    async def take_backup(self, server: str) -> Path:
        """Take another base backup, of this server; its directory."""
        return await take_backup(self.server(server), self.backups)

    def write_settings(
        self, directory: Path, slack_api_url: str, extra: str = "", *, backup_tool: str | None = None
    ) -> Path:
        """Write the bot's understudy.toml for this world into `directory`; `extra` is appended to it as it is.

        `backup_tool`: the section of another tool, in place of the native one's.
        """
        source = SettingsSource(
            cluster=self.cluster,
            servers=tuple(self.servers.values()),
            passwords=self.passwords,
            replication_passfile=self.replication_passfile,
            key_file=self.key_file,
            known_hosts=self.known_hosts,
            backups=self.backups,
            archive=self.archive,
            backup_tool=backup_tool,
        )
        patroni = self.patroni.settings(self.cluster, source.servers) if self.engine == "patroni" else ""
        return write_settings(source, directory, slack_api_url, patroni + extra)

    def environment(self) -> dict[str, str]:
        """The bot's secrets for this world, as environment variables."""
        return {
            f"UNDERSTUDY_CLUSTERS__{self.cluster.upper()}__SERVERS__{name.upper()}__PASSWORD": self.passwords[
                "understudy"
            ]
            for name in self.servers
        }


async def _to_the_end(stack: AsyncExitStack) -> None:
    """Undo everything, also when we are cancelled meanwhile; the cancellation goes on afterwards."""
    closing = asyncio.create_task(stack.aclose())
    cancelled: asyncio.CancelledError | None = None
    while not closing.done():
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError as error:
            if closing.done():
                break
            cancelled = error
    closing.result()
    if cancelled is not None:
        raise cancelled
