"""The practice pair, as the bot reaches it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg.conninfo import make_conninfo

from lab.settings_file import CHANNEL, SSH_USER, replication_conninfo
from lab.world import Lab, LabOptions
from servers.engines.native import NativeEngine
from servers.inventory import BackupPlace, BackupTool, Cluster, Server, Service, ServiceKind, SshTarget
from servers.observe import Observer
from servers.sql import Sessions
from servers.ssh import Shells
from servers.state import ClusterState
from servers.verdict import Judgement, Verdict, judge

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A practice pair and what looks at it and acts on it."""

    lab: Lab
    cluster: Cluster
    shells: Shells
    sessions: Sessions
    observer: Observer
    engine: NativeEngine

    async def look(self) -> tuple[ClusterState, Judgement]:
        state = await self.observer.observe(self.cluster)
        return state, judge(self.cluster, state)

    async def until(self, wanted: Callable[[ClusterState, Judgement], bool]) -> tuple[ClusterState, Judgement]:
        """Look again and again until that is seen; TimeoutError after half a minute."""
        async with asyncio.timeout(PATIENCE):
            while not wanted(*(seen := await self.look())):
                await asyncio.sleep(0.02)
        return seen

    async def until_judged(self, verdict: Verdict) -> tuple[ClusterState, Judgement]:
        return await self.until(lambda _, judgement: judgement.verdict is verdict)

    async def mend(self) -> None:
        """Everything reversible is undone, and seen to be: healthy by SQL, and by SSH too."""
        self.lab.links.heal()
        await self.until(
            lambda state, judgement: (
                judgement.verdict is Verdict.HEALTHY and all(server.host is not None for server in state.servers)
            )
        )


@asynccontextmanager
async def practice_pair(options: LabOptions | None = None) -> AsyncIterator[Pair]:
    """A pair that runs and was looked at once; without a base backup unless `options` says otherwise."""
    async with Lab.start(options or LabOptions(base_backup=False)) as lab:
        cluster = cluster_of(lab)
        shells, sessions = Shells(), Sessions()
        observer = Observer({cluster.name: cluster}, shells, sessions, now)
        pair = Pair(lab, cluster, shells, sessions, observer, NativeEngine(shells, sessions))
        try:
            await pair.mend()
            yield pair
        finally:
            await sessions.close()
            await shells.close()


def now() -> datetime:
    return datetime.now(UTC)


def cluster_of(lab: Lab) -> Cluster:
    """The pair as the bot's settings would have it."""
    servers = tuple(
        Server(
            name=server.name,
            conninfo=make_conninfo(
                host=server.bot_sql[0],
                port=server.bot_sql[1],
                dbname="postgres",
                user="understudy",
                password=lab.passwords["understudy"],
            ),
            ssh=SshTarget(*server.bot_ssh, SSH_USER, lab.key_file, lab.known_hosts),
            service=Service(ServiceKind.PG_CTL, str(server.data_directory), str(server.bin_directory)),
            replication=replication_conninfo(server, lab.replication_passfile),
            slot=server.name,
        )
        for server in lab.servers.values()
    )
    return Cluster(lab.cluster, CHANNEL, servers, BackupPlace(BackupTool.NATIVE, str(lab.backups), str(lab.archive)))
