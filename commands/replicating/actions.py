"""The code behind the steps of `/ha replication setup`."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import UTC

from commands.acting import engine_says, server_of, time_of, untold
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.promotion.going_on import is_no_primary
from commands.replicating.differs import conninfo_of
from commands.replicating.setup_plan import NEW
from servers.engines.by_setup import pgpass_match
from servers.inventory import Server
from servers.scram import scram_verifier

_SETTING = "setting "
_PASSWORD_BYTES = 24
TRIES, BETWEEN_TRIES = 6, 0.25  # seconds


async def change_settings(context: StepContext) -> StepOutcome:
    engine = context.world.engine
    done = await engine_says(engine.change_settings(server_of(context), _settings(context), timeout=time_of(context)))
    return StepOutcome(f"{done}. They wait for a restart.")


async def are_changed(context: StepContext) -> bool:
    role = dict(context.plan.facts)["role"]
    facts = await engine_says(context.world.engine.replication_facts(server_of(context), role))
    return all(name in facts.pending for name in _settings(context))


async def give_access(context: StepContext) -> StepOutcome:
    """The clear text of a new password lives here, in standard inputs, and in the passfiles; nowhere else."""
    engine, primary = context.world.engine, server_of(context)
    conninfo, said = conninfo_of(primary), []
    verifier = None
    if dict(context.plan.facts)["password"] == NEW:
        password = conninfo.password or secrets.token_urlsafe(_PASSWORD_BYTES)
        try:
            verifier = scram_verifier(password)
        except ValueError as error:
            raise StepFailed(f"The settings' password of {conninfo.role} cannot be set: {error}.") from None
        if conninfo.password is None:
            for server, passfile, entries in _entries(context, password):
                said.append(await engine_says(engine.keep_password(server, passfile, entries)))
    made = await engine_says(engine.make_role(primary, conninfo.role, verifier, timeout=time_of(context)))
    return StepOutcome("; ".join((made, *said)))


async def allow_standby(context: StepContext) -> StepOutcome:
    """Streaming and copying; and the database by which pg_rewind connects."""
    facts = dict(context.plan.facts)
    address, role = facts["pg_hba.conf entry for"], facts["role"]
    width = 128 if ":" in address else 32
    lines = (
        f"# Understudy: {facts['server']} of {context.cluster.name}",
        f'host replication "{role}" {address}/{width} scram-sha-256',
        f'host postgres "{role}" {address}/{width} scram-sha-256',
    )
    stamp = f"{context.world.now().astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return StepOutcome(await engine_says(context.world.engine.allow(server_of(context), lines, stamp)))


async def make_standby_slot(context: StepContext) -> StepOutcome:
    """The slot that was named in the plan."""
    name = dict(context.plan.facts)["slot"]
    done = await engine_says(context.world.engine.ensure_slot(server_of(context), name, timeout=time_of(context)))
    return StepOutcome(done.detail)


async def try_replication(context: StepContext) -> StepOutcome:
    server, primary = server_of(context), context.cluster.server(context.plan.target)
    reach = await engine_says(context.world.engine.reach(server, primary))
    # A reload is asked for, and done a moment later.
    for _ in range(TRIES):
        if reach.replication:
            break
        await asyncio.sleep(BETWEEN_TRIES)
        reach = await engine_says(context.world.engine.reach(server, primary))
    if not reach.replication:
        again = f"Ask again, and what still differs is set up: /ha replication setup {server.name}"
        raise StepFailed(f"{server.name} is not let in by {primary.name}: {reach.detail}. {again}")
    rewinds = "" if reach.files else f" pg_rewind would not work: {reach.detail}"
    return StepOutcome(f"{server.name} may stream from {primary.name}.{rewinds}")


ACTIONS: Mapping[str, Action] = {
    "change_settings": Action(change_settings, are_changed, repeatable=True, obstacle=is_no_primary),
    "give_access": Action(give_access, untold, repeatable=True, obstacle=is_no_primary),
    "allow_standby": Action(allow_standby, untold, repeatable=True, obstacle=is_no_primary),
    "make_standby_slot": Action(make_standby_slot, untold, repeatable=True, obstacle=is_no_primary),
    "try_replication": Action(try_replication, untold, repeatable=True, obstacle=is_no_primary),
}


def _settings(context: StepContext) -> dict[str, str]:
    return {name.removeprefix(_SETTING): value for name, value in context.plan.facts if name.startswith(_SETTING)}


def _entries(context: StepContext, password: str) -> list[tuple[Server, str, list[tuple[str, str]]]]:
    """For each server, the passfile by which it reaches the others, with an entry for each of them.

    The role's password is the same wherever it is the primary.
    """
    found = []
    for server in context.cluster.servers:
        passfiles: dict[str, list[tuple[str, str]]] = {}
        for other in context.cluster.servers:
            if other.name != server.name and other.replication:
                way = conninfo_of(other)
                passfiles.setdefault(way.passfile, []).append((pgpass_match(way.host, way.port, way.role), password))
        found += [(server, passfile, entries) for passfile, entries in passfiles.items()]
    return found
