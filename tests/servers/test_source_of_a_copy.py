"""How a copy and a rewind reach their source: nothing secret in what becomes an argument."""

from dataclasses import replace

import pytest
from psycopg.conninfo import conninfo_to_dict

from servers.engines.by_job import source_of
from servers.engines.engine import ActionFailed
from tests.commands.inventory import server

REACHED = server("db1", replication="host=10.0.0.11 user=replicator password=secret application_name=db1")


def test_the_password_is_apart_from_the_rest() -> None:
    source = source_of(REACHED)
    assert source.password == "secret"
    assert conninfo_to_dict(source.conninfo) == {"host": "10.0.0.11", "user": "replicator", "dbname": "postgres"}


@pytest.mark.parametrize("name", ["sslpassword", "oauth_client_secret", "scram_client_key"])
def test_another_secret_is_refused_by_name_and_never_shown(name: str) -> None:
    with pytest.raises(ActionFailed, match=f"has {name}, which a command line would show") as refused:
        source_of(replace(REACHED, replication=f"host=10.0.0.11 {name}=hidden"))
    assert "hidden" not in str(refused.value)
