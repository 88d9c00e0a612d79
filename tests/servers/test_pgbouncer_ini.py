"""pgbouncer.ini with another address: one entry's host and port change, and not one byte else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.traffic.pgbouncer_ini import IniMistake, with_address
from servers.traffic.target import Address

NEW = Address("10.0.0.12", 6543)

FILE = (
    b"; app = host=comment port=1\r\n"
    b"[databases]\r\n"
    b"app = host=10.0.0.11 port=5432 dbname=app password='it''s host=no'\r\n"
    b"application = host=10.0.0.11 port=5432\n"
    b"# app = host=comment\n"
    b'"odd ""name""" = port = 5432 dbname=odd\n'
    b"[pgbouncer]\n"
    b"app = host=elsewhere\n"
    b";; caf\xe9"
)


def test_the_entry_gets_the_address_and_all_else_stays() -> None:
    changed = with_address(FILE, ["app"], NEW)
    before = b"app = host=10.0.0.11 port=5432 dbname"
    assert FILE.count(b"\r\n" + before) == 1
    assert changed == FILE.replace(b"\r\n" + before, b"\r\napp = host=10.0.0.12 port=6543 dbname")


def test_what_an_entry_does_not_say_is_added_at_its_end() -> None:
    changed = with_address(FILE, ['odd "name"'], NEW)
    assert b'"odd ""name""" = port = 6543 dbname=odd host=10.0.0.12\n' in changed


def test_several_databases_change_together_and_back_again_is_as_it_was() -> None:
    there = with_address(FILE, ["app", "application"], NEW)
    assert there.count(b"host=10.0.0.12 port=6543") == 2
    assert with_address(there, ["app", "application"], Address("10.0.0.11", 5432)) == FILE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[databases]\nother = host=a\n", "has no entry for “app”"),
        (b"[pgbouncer]\napp = host=a\n", "has no entry for “app”"),
        (b"[databases]\n%include /etc/pgbouncer/databases.ini\n", "%include"),
        (b"[databases]\napp = host=a\napp = host=b\n", "has 2 entries"),
    ],
)
def test_a_file_that_does_not_say_it_once_is_refused(text: bytes, says: str) -> None:
    with pytest.raises(IniMistake, match=says):
        with_address(text, ["app"], NEW)


KEYS = st.sampled_from([b"dbname", b"user", b"hostx", b"pool_size", b"connect_query"])
BARE = st.from_regex(rb"[a-z0-9=;#_.-]{1,8}", fullmatch=True)
QUOTED = st.from_regex(rb"'(?:[a-z =;#\[\]]|''){0,12}'", fullmatch=True)


@given(st.lists(st.tuples(KEYS, BARE | QUOTED), max_size=4), st.lists(st.tuples(KEYS, BARE | QUOTED), max_size=4))
def test_no_value_of_others_is_taken_for_an_address(
    before: list[tuple[bytes, bytes]], after: list[tuple[bytes, bytes]]
) -> None:
    def written(host: bytes, port: bytes) -> bytes:
        pairs = [*before, (b"host", host), *after, (b"port", port)]
        return b"[databases]\napp = " + b" ".join(key + b"=" + value for key, value in pairs) + b"\n"

    assert with_address(written(b"old", b"1"), ["app"], NEW) == written(b"10.0.0.12", b"6543")
