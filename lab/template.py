"""A data directory made ready once and copied for every lab: initialised, with roles, cleanly shut down.

It is kept under a key made of PostgreSQL's version and of all that went into it, so that a change of either makes a new
one. It is built aside and renamed when it is whole; a lock lets one lab build and others wait.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from lab import accounts, recipe
from lab.accounts import Account
from lab.binaries import Binaries
from lab.inventory import is_whole, write_inventory
from lab.places import Lock, Places


async def seed_data_directories(
    targets: Sequence[Path],
    *,
    places: Places,
    account: Account,
    binaries: Binaries,
    environment: Mapping[str, str],
    reuse: bool = True,
) -> bool:
    """Make `targets` copies of the template, and the template first where it is missing; returns whether it was there.

    One that is not whole any more (something tidied temporary files away) is built anew. With `reuse` false the copies
    are of a new cluster, with a system identifier of its own, that is not kept.
    """
    kept = places.templates / _key(account, binaries)
    lock = await Lock.take(places.locks / f"{kept.name}.template")
    try:
        there = reuse and await asyncio.to_thread(is_whole, kept)
        if there:
            os.utime(kept)  # what nobody uses for long is removed
            await _copy(kept / "data", targets, account, environment)
            return True
        building = await asyncio.to_thread(_new_directory, places.templates)
        try:
            await _build(building, account, binaries, environment)
            await _copy(building / "data", targets, account, environment)
            if reuse:
                await asyncio.to_thread(_replace, building, kept)
        finally:
            await asyncio.to_thread(shutil.rmtree, building, ignore_errors=True)
        return False
    finally:
        lock.release()


async def _copy(data: Path, targets: Sequence[Path], account: Account, environment: Mapping[str, str]) -> None:
    """Copy by cp, which shares blocks where the file system can, as the account that shall own the copies."""
    async with asyncio.TaskGroup() as group:
        for target in targets:
            argv = ("cp", "-a", "--reflink=auto", str(data), str(target))
            group.create_task(accounts.run(account, argv, environment=environment, directory=target.parent))


def _new_directory(parent: Path) -> Path:
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
    building.chmod(0o755)
    return building


def _replace(building: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    building.rename(kept)


def _key(account: Account, binaries: Binaries) -> str:
    ingredients = (
        binaries.version,
        str(binaries.directory),
        str(account.uid),
        *recipe.INITDB_OPTIONS,
        recipe.shared_configuration({}),
        recipe.ROLES_SQL,
        recipe.ROLES_SQL_15,
        recipe.APP_SQL,
    )
    digest = hashlib.sha256("\0".join(ingredients).encode()).hexdigest()[:12]
    return f"postgresql-{binaries.version}-{digest}"


async def _build(building: Path, account: Account, binaries: Binaries, environment: Mapping[str, str]) -> None:
    data = account.directory(building / "data")
    sockets = account.directory(building / "socket")

    async def run(program: str, *arguments: str) -> None:
        argv = (binaries.program(program), *arguments)
        await accounts.run(account, argv, environment=environment, directory=data)

    await run("initdb", *recipe.INITDB_OPTIONS, "-D", str(data))
    account.write(data / "postgresql.conf", recipe.shared_configuration({}))
    # Nobody but us can reach it while it is built, and a half-built one is thrown away: so no fsync.
    off = " ".join(f"-c {name}=off" for name in ("fsync", "archive_mode", "autovacuum", "logging_collector"))
    options = f"-c listen_addresses='' -k {sockets} {off}"
    await run("pg_ctl", "start", "-w", "-s", "-D", str(data), "-o", options, "-l", str(sockets / "log"))
    try:
        await _create_roles(sockets, binaries)
    finally:
        await run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-D", str(data))
    await asyncio.to_thread(shutil.rmtree, sockets)
    await asyncio.to_thread(write_inventory, building)


async def _create_roles(sockets: Path, binaries: Binaries) -> None:
    statements = recipe.ROLES_SQL + (recipe.ROLES_SQL_15 if binaries.major >= 15 else "")
    for database, sql in (
        ("postgres", statements),
        ("postgres", "CREATE DATABASE app OWNER app"),
        ("app", recipe.APP_SQL),
    ):
        connection = await psycopg.AsyncConnection.connect(
            host=str(sockets), user="postgres", dbname=database, autocommit=True
        )
        async with connection:
            await connection.execute(sql.encode())
