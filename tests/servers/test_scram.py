"""A password's verifier, as PostgreSQL itself makes it."""

import base64

import pytest
from psycopg import pq

from servers.scram import scram_verifier


def test_it_is_the_one_that_libpq_makes() -> None:
    connection = pq.PGconn.connect(b"host=127.0.0.1 port=1")  # to nobody: libpq wants one, and asks it nothing
    theirs = connection.encrypt_password(b"pencil", b"user", b"scram-sha-256").decode()
    salt = base64.b64decode(theirs.split("$")[1].partition(":")[2])
    assert scram_verifier("pencil", salt) == theirs


def test_no_two_are_alike() -> None:
    assert scram_verifier("pencil") != scram_verifier("pencil")


@pytest.mark.parametrize("password", ["", "käse", "two\nlines"])
def test_what_would_need_preparation_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        scram_verifier(password)
