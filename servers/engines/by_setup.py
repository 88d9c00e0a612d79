"""What the native engine does to let a standby stream: settings, role, passfiles, pg_hba.conf."""

import json
from collections.abc import Mapping, Sequence

from servers.engines import replication_scripts
from servers.engines.by_job import JobActions
from servers.engines.by_ssh import HostActions
from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed
from servers.engines.replicating import ReplicationFacts
from servers.inventory import Server

# For psql, where :'role' is a variable that psql quotes. What pg_rewind must read:
# https://www.postgresql.org/docs/current/app-pgrewind.html, "Notes".
_FACTS = r"""
SELECT jsonb_build_object(
  'wal_level', current_setting('wal_level'),
  'max_wal_senders', current_setting('max_wal_senders')::int,
  'max_replication_slots', current_setting('max_replication_slots')::int,
  'hot_standby', current_setting('hot_standby') = 'on',
  'rewindable', 'on' IN (current_setting('data_checksums'), current_setting('wal_log_hints')),
  'pending', (SELECT coalesce(jsonb_agg(name), '[]') FROM pg_settings WHERE pending_restart),
  'hba_errors', (SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL),
  'role', (SELECT jsonb_build_object(
      'may', rolcanlogin AND (rolreplication OR rolsuper),
      'password', coalesce(rolpassword LIKE 'SCRAM-SHA-256$%', false),
      'files', (SELECT bool_and(has_function_privilege(rolname, name, 'EXECUTE')) FROM unnest(ARRAY[
          'pg_ls_dir(text,boolean,boolean)', 'pg_stat_file(text,boolean)', 'pg_read_binary_file(text)',
          'pg_read_binary_file(text,bigint,bigint,boolean)']) AS name))
    FROM pg_authid WHERE rolname = :'role'));
"""
_HBA_ERRORS = "SELECT string_agg(line_number || ': ' || error, '; ') FROM pg_hba_file_rules WHERE error IS NOT NULL"
_CHANGE = "ALTER SYSTEM SET :\"name\" = :'value';"
_RELOAD = "SELECT pg_reload_conf();"
_MAKE_ROLE = r"""
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN REPLICATION;
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text),
  pg_read_binary_file(text, bigint, bigint, boolean) TO :"role";
"""
_SET_PASSWORD = "ALTER ROLE :\"role\" PASSWORD :'verifier';\n"  # noqa: S105 - a statement
_VERIFIER_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=$:-")


class SetupActions:
    """Looks at a primary as its superuser, and changes what keeps a standby from streaming."""

    def __init__(self, host: HostActions, jobs: JobActions) -> None:
        self._host = host
        self._jobs = jobs

    async def facts(self, primary: Server, role: str, timeout: float) -> ReplicationFacts:
        completed = await self._host.psql(primary, _FACTS, {"role": role}, timeout)
        try:
            seen = json.loads(completed.stdout)
            mine = seen["role"] or {}
            return ReplicationFacts(
                wal_level=str(seen["wal_level"]),
                max_wal_senders=int(seen["max_wal_senders"]),
                max_replication_slots=int(seen["max_replication_slots"]),
                hot_standby=bool(seen["hot_standby"]),
                rewindable=bool(seen["rewindable"]),
                pending=tuple(str(name) for name in seen["pending"]),
                hba_errors=int(seen["hba_errors"]),
                role_exists=bool(mine),
                role_may=bool(mine.get("may")),
                has_password=bool(mine.get("password")),
                reads_files=bool(mine.get("files")),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ActionFailed(f"{primary.name}'s psql gave an answer that makes no sense: {error}") from None

    async def change_settings(self, primary: Server, changes: Mapping[str, str], timeout: float) -> str:
        deadline = Deadline(timeout)
        for name, value in changes.items():
            await self._host.psql(primary, _CHANGE, {"name": name, "value": value}, deadline.left())
        await self._host.psql(primary, _RELOAD, {}, deadline.left())
        return f"{primary.name}: {', '.join(f'{name} = {value}' for name, value in changes.items())}"

    async def make_role(self, primary: Server, role: str, verifier: str | None, timeout: float) -> str:
        if verifier is None:
            await self._host.psql(primary, _MAKE_ROLE, {"role": role}, timeout)
            return f"{primary.name}: the role {role} may stream, and read files as pg_rewind does"
        if not _VERIFIER_ALPHABET.issuperset(verifier):
            raise ActionFailed("the password's verifier is none")
        # By standard input, not as a variable: nobody on that host sees it in a list of processes.
        sql = f"\\set verifier '{verifier}'\n{_MAKE_ROLE}{_SET_PASSWORD}"
        await self._host.psql(primary, sql, {"role": role}, timeout)
        return f"{primary.name}: the role {role} may stream, with a new password"

    async def keep_password(
        self, server: Server, passfile: str, entries: Sequence[tuple[str, str]], timeout: float
    ) -> str:
        stdin = "".join(f"{matched}:{_escaped(password)}\n" for matched, password in entries)
        arguments = (passfile, *(f"{matched}:" for matched, _ in entries))
        found = await self._jobs.run(server, replication_scripts.KEEP_PASSWORD, arguments, timeout, stdin)
        return f"{server.name} has it in {found.one('kept')}"

    async def allow(self, primary: Server, lines: Sequence[str], stamp: str, timeout: float) -> str:
        stdin = "".join(f"{line}\n" for line in lines)
        found = await self._jobs.run(primary, replication_scripts.ALLOW, (stamp, _HBA_ERRORS), timeout, stdin)
        return f"{primary.name} has reloaded pg_hba.conf; the file as it was is {found.one('kept')}"


def pgpass_match(host: str, port: str, role: str) -> str:
    """What an entry of a passfile matches: that host and port, any database, that role."""
    return f"{_escaped(host)}:{_escaped(port)}:*:{_escaped(role)}"


def _escaped(field: str) -> str:
    return field.replace("\\", "\\\\").replace(":", "\\:")
