"""What the native engine does by jobs on a server's host: pg_rewind and pg_basebackup, and the looks at them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import LiteralString

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from servers.engines import job_scripts
from servers.engines.engine import ActionFailed
from servers.engines.job_answer import Source, directory_facts, reach_of
from servers.engines.jobs import Jobs, made
from servers.engines.rejoining import DirectoryFacts, Job, JobReport, Moved, Reach, SourceFacts
from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.lsn import Lsn
from servers.secret_parameters import SECRET_PARAMETERS
from servers.sections import Sections
from servers.sql import Sessions
from servers.ssh import Shells

_SEGMENT_NAME = 24  # hexadecimal digits: timeline, and two for the number

# pg_database_size and pg_ls_waldir are open to pg_monitor. The oldest segment's number is that of its first byte.
_SOURCE: LiteralString = """
SELECT (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint AS size,
       (SELECT coalesce(array_agg(pg_tablespace_location(oid)), '{}') FROM pg_tablespace
         WHERE spcname NOT IN ('pg_default', 'pg_global')) AS tablespaces,
       (SELECT min(substr(name, 9)) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$') AS oldest,
       pg_size_bytes(current_setting('wal_segment_size'))::bigint AS segment,
       current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_replication)::int AS senders,
       current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots)::int AS slots
"""

# What pg_rewind calls: https://www.postgresql.org/docs/current/app-pgrewind.html, "Notes".
_MAY_READ_FILES = """
SELECT bool_and(has_function_privilege(name, 'EXECUTE')) FROM unnest(ARRAY['pg_ls_dir(text,boolean,boolean)',
  'pg_stat_file(text,boolean)', 'pg_read_binary_file(text)', 'pg_read_binary_file(text,bigint,bigint,boolean)']) AS name
"""


class JobActions:
    """Looks at data directories, rewinds, copies, and moves a copy into place."""

    def __init__(self, shells: Shells, sessions: Sessions) -> None:
        self._jobs = Jobs(shells)
        self._sessions = sessions

    async def directory(self, server: Server, archive: str | None, timeout: float) -> DirectoryFacts:
        found = await self.run(server, job_scripts.DIRECTORY, ("", archive or ""), timeout)
        return made(server, directory_facts, found)

    async def history(self, server: Server, timeline: int, timeout: float) -> str:
        if timeline <= 1:
            return ""
        found = await self.run(server, job_scripts.DIRECTORY, (str(timeline), ""), timeout)
        history = found.blocks.get("history", "")
        if not history:
            raise ActionFailed(f"{server.name} has no history file of its timeline {timeline}")
        return history

    async def source(self, server: Server, timeout: float) -> SourceFacts:
        try:
            (row,) = await self._sessions.query(server, _SOURCE, timeout=timeout)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name} does not say what there is to copy: {error.detail}") from error
        return SourceFacts(
            size=int(row["size"] or 0),
            tablespaces=tuple(row["tablespaces"]),
            oldest_wal=_segment_start(row["oldest"], row["segment"]),
            free_senders=int(row["senders"]),
            free_slots=int(row["slots"]),
        )

    async def reach(self, server: Server, upstream: Server, timeout: float) -> Reach:
        found = await self.run(server, job_scripts.REACH, (_MAY_READ_FILES,), timeout, source_of(upstream).stdin)
        return reach_of(found)

    async def begin_rewind(
        self, server: Server, upstream: Server, key: str, archive: str | None, timeout: float
    ) -> JobReport:
        return await self._begin(server, Job.REWIND, key, job_scripts.REWIND, (archive or "",), upstream, timeout)

    async def begin_copy(self, server: Server, upstream: Server, key: str, timeout: float) -> JobReport:
        new = f"{server.service.data_directory}.copy-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        return await self._begin(server, Job.COPY, key, job_scripts.COPY, (server.slot or "", new), upstream, timeout)

    async def end_copy(self, server: Server, key: str, timeout: float) -> str:
        return (await self.run(server, job_scripts.END_COPY, (key,), timeout)).one("kept") or ""

    async def job(self, server: Server, job: Job, timeout: float) -> JobReport:
        return await self._jobs.report(server, server.service.data_directory, job, timeout=timeout)

    async def use_copy(self, server: Server, aside: str, timeout: float) -> Moved:
        found = await self.run(server, job_scripts.USE_COPY, (aside,), timeout)
        moved = found.one("moved") or ""
        where = f"; the old directory is {moved}" if moved else "; there was no old directory"
        return Moved(f"the copy is {server.name}'s data directory{where}", moved)

    async def _begin(
        self, server: Server, job: Job, key: str, inner: str, arguments: Sequence[str], upstream: Server, timeout: float
    ) -> JobReport:
        path, stdin = server.service.data_directory, source_of(upstream).stdin
        return await self._jobs.begin(server, path, job, key, inner, arguments, timeout=timeout, stdin=stdin)

    async def run(
        self, server: Server, script: str, arguments: Sequence[str], timeout: float, stdin: str | None = None
    ) -> Sections:
        """Run one of our scripts beside the data directory, which need not be there. Raises ActionFailed."""
        return await self._jobs.run(server, server.service.data_directory, script, arguments, timeout, stdin)


def source_of(upstream: Server) -> Source:
    """How others reach it with the replication role. ActionFailed when the settings do not tell."""
    if upstream.replication is None:
        raise ActionFailed(f"the settings do not say how others reach {upstream.name}: give it a replication conninfo")
    try:
        given = conninfo_to_dict(upstream.replication)
        password = str(given.pop("password", "") or "")
        secret = next((name for name in SECRET_PARAMETERS if given.get(name)), None)
        # A name of a standby's would make a copy count as that standby, also for synchronous_standby_names.
        given.pop("application_name", None)
        given["dbname"] = given.get("dbname") or "postgres"
        source = Source(make_conninfo("", **given), password)
    except ProgrammingError:
        raise ActionFailed(f"{upstream.name}'s replication conninfo cannot be read: mend it in the settings") from None
    if secret is not None:
        # Only the password has an environment variable; pg_rewind and psql take the rest as an argument.
        message = f"{upstream.name}'s replication conninfo has {secret}, which a command line would show: do without it"
        raise ActionFailed(message)
    if not (source.conninfo.isprintable() and password.isprintable()):
        raise ActionFailed(f"{upstream.name}'s replication conninfo has a line break in it: mend it in the settings")
    return source


def _segment_start(number: str | None, segment: int) -> Lsn | None:
    """Where the segment of that number begins: 000000A1000000FE counts the high and the low part apart."""
    if number is None or len(number) != _SEGMENT_NAME - 8:
        return None
    return Lsn((int(number[:8], 16) << 32) + int(number[8:], 16) * segment)
