"""What preparing a primary for a standby needs of an HA engine, and what was seen of the primary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from servers.inventory import Server


@dataclass(frozen=True, slots=True)
class ReplicationFacts:
    """What a primary says to its superuser, on its own host, of its settings and of the replication role.

    `pending` are the settings that were changed and wait for a restart. `hba_errors` counts broken lines of
    pg_hba.conf. `has_password`: the role has one that is kept as SCRAM.
    """

    wal_level: str
    max_wal_senders: int
    max_replication_slots: int
    hot_standby: bool
    rewindable: bool  # data checksums or wal_log_hints
    pending: tuple[str, ...]
    hba_errors: int
    role_exists: bool
    role_may: bool  # LOGIN and REPLICATION
    has_password: bool
    reads_files: bool  # as pg_rewind must


class ReplicationSetup(Protocol):
    """The part of `servers.engines.engine.Engine` that lets a standby stream. Each raises ActionFailed, and returns
    what was done, in one line. No password is in any of them.
    """

    async def replication_facts(self, primary: Server, role: str, *, timeout: float = 5.0) -> ReplicationFacts:
        """Look, as the superuser on the primary's host."""
        ...

    async def change_settings(self, primary: Server, changes: Mapping[str, str], *, timeout: float = 15.0) -> str:
        """ALTER SYSTEM, and a reload. What needs a restart waits for one."""
        ...

    async def make_role(self, primary: Server, role: str, verifier: str | None, *, timeout: float = 15.0) -> str:
        """The role may log in, stream, and read files as pg_rewind does; with a new password where one is given.

        `verifier`: the password as PostgreSQL keeps it (SCRAM), so that the clear text reaches no server and no log.
        """
        ...

    async def keep_password(
        self, server: Server, passfile: str, entries: Sequence[tuple[str, str]], *, timeout: float = 10.0
    ) -> str:
        """Put entries (what they match, password) first into a passfile of the server's PostgreSQL user.

        `passfile`: its path, or '' for the one in that user's home. Other lines stay.
        """
        ...

    async def allow(self, primary: Server, lines: Sequence[str], stamp: str, *, timeout: float = 15.0) -> str:
        """Append lines to pg_hba.conf and reload, unless PostgreSQL finds an error: then it is as it was.

        The file as it was is kept beside it, under a name that ends in `stamp`.
        """
        ...
