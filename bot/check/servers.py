"""Servers, tried for real: SQL, rights, SSH, the service's control, the way from each server to the others."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bot.check.fences import fence_findings
from bot.check.finding import Finding, Outcome, Unsuccessful, tried
from servers.backups.tool import BackupListing, BackupTool, SelfChecking
from servers.engines.engine import ActionFailed, Engine
from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server
from servers.observe import Observer
from servers.sql import Sessions
from servers.state import ClusterState, PeerReply, ServerState
from servers.verdict import Verdict, judge

TIMEOUT_SECONDS = 10.0
OLDEST_VERSION = 130000
# A clock that is off by more makes times in reports and recovery targets lie.
CLOCK_LIMIT_SECONDS = 2.0

# pg_promote is granted to nobody by default; pg_checkpoint exists since 15 (older: superuser only). The function that
# writes the test record is looked up by name: since 17 it has a fourth argument, “flush”.
_RIGHTS = """
    SELECT current_user AS role,
           pg_has_role('pg_monitor', 'USAGE') AS monitor,
           has_function_privilege('pg_promote(boolean, integer)', 'EXECUTE') AS promote,
           has_function_privilege(writer.oid, 'EXECUTE') AS write,
           writer.oid::regprocedure::text AS writer,
           (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
               OR COALESCE((SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = 'pg_checkpoint'), false)
               AS checkpoint
      FROM pg_proc AS writer
     WHERE writer.pronamespace = 'pg_catalog'::regnamespace
       AND writer.proname = 'pg_logical_emit_message'
       AND writer.proargtypes[2] = 'text'::regtype
"""


class ServerTrials:
    """The trials of one cluster's servers."""

    def __init__(
        self,
        cluster: Cluster,
        observer: Observer,
        sessions: Sessions,
        engine: Engine,
        backups: BackupListing,
        tool: BackupTool,
    ) -> None:
        self._cluster = cluster
        self._observer = observer
        self._sessions = sessions
        self._engine = engine
        self._backups = backups
        self._tool = tool

    async def run(self) -> list[Finding]:
        """All of them; one server's silence keeps none of the others waiting longer than its time-out."""
        state = await self._observer.observe(self._cluster)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._server(server, state)) for server in self._cluster.servers]
            backups = group.create_task(self._check_backups(state))
        servers = [finding for task in tasks for finding in task.result()]
        return [*servers, *self._witness(state), *backups.result(), self._verdict(state)]

    async def _server(self, server: Server, state: ClusterState) -> list[Finding]:
        subject = f"{self._cluster.name}/{server.name}"
        seen = state.server(server.name)
        findings = [await tried(subject, what, trial) for what, trial in self._trials(server, seen)]
        findings += [
            await tried(subject, f"the way to {peer.name}", self._way(server, peer, seen))
            for peer in self._cluster.servers
            if peer.name != server.name
        ]
        return [*findings, *await fence_findings(self._cluster, server, seen)]

    def _trials(self, server: Server, seen: ServerState) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        async def sql() -> str:
            return _sql(seen)

        async def ssh() -> str:
            return _ssh(seen)

        async def rights() -> str:
            return await self._rights(server)

        async def control() -> str:
            if seen.host is None:
                raise Unsuccessful("pg_controldata was not tried", "mend SSH first", Outcome.SKIPPED)
            return await self._control(server)

        return [("SQL", sql), ("rights of the role", rights), ("SSH", ssh), ("control data", control)]

    async def _rights(self, server: Server) -> str:
        try:
            (row,) = await self._sessions.query(server, _RIGHTS, (), timeout=TIMEOUT_SECONDS)
        except ServerUnreachable as error:
            raise Unsuccessful(str(error), "mend SQL first", Outcome.SKIPPED) from None
        return _ruling(row)

    async def _control(self, server: Server) -> str:
        try:
            control = await self._engine.control_data(server, timeout=TIMEOUT_SECONDS)
        except ActionFailed as error:
            mend = "correct service.data_directory and bin_directory, and let the SSH user read the data directory"
            raise Unsuccessful(str(error), mend) from None
        return f"pg_controldata says {control.state}, timeline {control.timeline}"

    def _way(self, server: Server, peer: Server, seen: ServerState) -> Callable[[], Awaitable[str]]:
        async def trial() -> str:
            if peer.replication is None:
                mend = f"set clusters.{self._cluster.name}.servers.{peer.name}.replication"
                raise Unsuccessful(f"how to reach {peer.name} is not set", mend)
            reply = seen.host.peer(peer.name) if seen.host else PeerReply.NOT_TRIED
            if reply is PeerReply.NOT_TRIED:
                raise Unsuccessful("pg_isready was not tried", "mend SSH first", Outcome.SKIPPED)
            if reply is not PeerReply.ACCEPTING:
                mend = f"look at the firewall and at listen_addresses of {peer.name}"
                raise Unsuccessful(f"pg_isready says {reply}", mend)
            return f"pg_isready says {reply}"

        return trial

    def _witness(self, state: ClusterState) -> list[Finding]:
        if state.witness is None:
            return []
        subject = f"{self._cluster.name}/witness"
        if not state.witness.answer.ok:
            mend = f"correct [clusters.{self._cluster.name}.witness.ssh], and look at the host key in its known_hosts"
            return [Finding(subject, "SSH", Outcome.BROKEN, state.witness.answer.how, mend)]
        replies = {server.name: state.witness.reply(server.name) for server in self._cluster.servers}
        unreached = [name for name, reply in replies.items() if reply is not PeerReply.ACCEPTING]
        shown = ", ".join(f"{name}: {reply}" for name, reply in replies.items())
        mend = "install pg_isready or bash there; look at the firewall, and at each server's “replication”"
        outcome = Outcome.WARNING if unreached else Outcome.WORKS
        return [Finding(subject, "its tries", outcome, shown, mend if unreached else "")]

    async def _check_backups(self, seen: ClusterState) -> list[Finding]:
        subject = f"{self._cluster.name}/backups"
        if self._cluster.backups is None:
            mend = f"set [clusters.{self._cluster.name}.backups], so that a missing backup is noticed"
            return [Finding(subject, "base backups", Outcome.WARNING, "no place is set", mend)]

        async def trial() -> str:
            state = await self._backups.list(self._cluster, timeout=TIMEOUT_SECONDS)
            if not state.answer.ok:
                mend = f"correct [clusters.{self._cluster.name}.backups], and who may read them there"
                ways = all(server.host for server in seen.servers)
                raise Unsuccessful(state.answer.detail, mend if ways else f"mend SSH first; after that, {mend}")
            if not state.backups:
                raise Unsuccessful("there is none", "take one: /ha backup", Outcome.WARNING)
            return f"{len(state.backups)} found, the newest is {state.backups[0].name}"

        async def off_site() -> str:
            there = (await self._backups.list(self._cluster, timeout=TIMEOUT_SECONDS)).offsite
            if there is None or not there.answer.ok:
                said = there.answer.how if there is not None else "the tool does not look there"
                raise Unsuccessful(said, "correct [backups.offsite], its credentials, and the way to the store")
            return f"{len(there.backups)} backups there"

        found = [await tried(subject, "base backups", trial)]
        if isinstance(self._tool, SelfChecking):
            found.append(await tried(subject, "its tool's own check", partial(_own_check, self._tool, self._cluster)))
        if self._cluster.backups.offsite is not None:
            found.append(await tried(subject, "off site", off_site))
        return found

    def _verdict(self, state: ClusterState) -> Finding:
        judgement = judge(self._cluster, state)
        good = judgement.verdict is Verdict.HEALTHY
        mend = "" if good else "; ".join(judgement.evidence)
        outcome = Outcome.WORKS if good else Outcome.WARNING
        return Finding(self._cluster.name, "the pair", outcome, judgement.verdict.value, mend)


async def _own_check(tool: SelfChecking, cluster: Cluster) -> str:
    try:
        return await tool.check(cluster)
    except ActionFailed as failed:
        raise Unsuccessful(str(failed), "set the tool up so that this passes on its host") from failed


def _sql(seen: ServerState) -> str:
    if seen.sql is None:
        mend = "look at conninfo, the password, pg_hba.conf and listen_addresses"
        raise Unsuccessful(seen.sql_answer.how, mend)
    if seen.sql.version_number < OLDEST_VERSION:
        raise Unsuccessful(f"PostgreSQL {seen.sql.version_number // 10000}", "Understudy needs PostgreSQL 13 or newer")
    return f"PostgreSQL {seen.sql.version_number // 10000}, {seen.role}, {seen.sql_answer.seconds * 1000:.0f} ms"


def _ssh(seen: ServerState) -> str:
    if seen.host is None:
        mend = "look at ssh.host, ssh.user and ssh.key_file, and compare the host key in ssh.known_hosts"
        raise Unsuccessful(seen.ssh_answer.how, mend)
    offset = seen.host.clock_offset_seconds
    if offset is not None and abs(offset) > CLOCK_LIMIT_SECONDS:
        raise Unsuccessful(f"its clock is off by {offset:+.1f} s", "run chrony or ntpd there", Outcome.WARNING)
    if not seen.host.disks:
        raise Unsuccessful("df tells nothing", "correct disks and service.data_directory", Outcome.WARNING)
    return f"{seen.ssh_answer.seconds * 1000:.0f} ms, {len(seen.host.disks)} file systems"


def _ruling(row: dict[str, Any]) -> str:
    role = row["role"]
    mends = {
        "monitor": f"GRANT pg_monitor TO {role}",
        "promote": f"GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO {role}",
        "checkpoint": f"GRANT pg_checkpoint TO {role}",
        "write": f"GRANT EXECUTE ON FUNCTION {row['writer']} TO {role}",
    }
    missing = [name for name in mends if not row[name]]
    if not missing:
        return f"{role} may watch, checkpoint, promote and write a test record"
    # Without pg_monitor the LSNs are NULL and nothing can be judged; the others have a way round over SSH.
    outcome = Outcome.BROKEN if "monitor" in missing else Outcome.WARNING
    raise Unsuccessful(f"{role} may not: {', '.join(missing)}", "; ".join(mends[name] for name in missing), outcome)
