"""Our SQL reads only what each of PostgreSQL 13 to 18 has: the catalogs of each are laid over the lab's own, as empty
tables with the columns of that version, and every statement is prepared there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from lab.world import Lab
from tests.servers.catalogs import VERSIONS, Statement, entries, relations_of, statements


@pytest.mark.lab
@pytest.mark.parametrize("version", VERSIONS)
def test_every_statement_finds_its_columns(version: int, shared_lab: Lab) -> None:
    with laid_over(shared_lab, version) as connection:
        for statement in statements():
            if version in statement.versions:
                connection.execute(statement.prepared())
                connection.execute("DEALLOCATE looked_up")


@pytest.mark.lab
def test_a_column_that_only_a_later_version_has_is_found_out(shared_lab: Lab) -> None:
    later = Statement("later", "SELECT inactive_since FROM pg_replication_slots")
    with laid_over(shared_lab, 17) as connection:
        connection.execute(later.prepared())
    with laid_over(shared_lab, 16) as connection, pytest.raises(psycopg.errors.UndefinedColumn):
        connection.execute(later.prepared())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_function_and_setting_is_there(version: int) -> None:
    there = {(one.kind, one.name) for one in entries() if one.first <= version <= one.last}
    wanted = {
        *(("function", name) for one in statements() if version in one.versions for name in one.functions),
        *(("setting", name) for one in statements() if version in one.versions for name in one.settings),
    }
    assert wanted <= there


def test_the_statements_that_matter_are_among_those_looked_at() -> None:
    names = {one.name for one in statements()}
    assert names >= {"servers.sql_facts.FACTS", "servers.readiness.READINESS", "servers.configuration_sql.IN_USE"}


@contextmanager
def laid_over(lab: Lab, version: int) -> Iterator[psycopg.Connection]:
    """A superuser's session in a transaction that is taken back at the end."""
    connection = psycopg.connect(lab.server("db1").local_conninfo())
    try:
        connection.execute("CREATE SCHEMA earlier")
        for relation, columns in relations_of(version).items():
            # Every table has a system column xmin, as the view of the slots has one of its own.
            named = [
                SQL("{} {}").format(Identifier(one.name.partition(".")[2]), SQL(one.type))
                for one in columns
                if not one.name.endswith(".xmin")
            ]
            defined = SQL(", ").join(named)
            connection.execute(SQL("CREATE TABLE earlier.{} ({})").format(Identifier(relation), defined))
        connection.execute("SET LOCAL search_path = earlier, pg_catalog")
        yield connection
    finally:
        connection.rollback()
        connection.close()
