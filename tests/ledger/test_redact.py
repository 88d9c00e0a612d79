"""No secret of the settings gets through, in whatever dress, and nothing else is harmed."""

import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from ledger.canonical import JsonValue
from ledger.redact import REPLACEMENT, SHORT, Redactor
from servers.engines.standby_settings import quoted

secrets = st.text(st.characters(exclude_categories=["Cs"]), min_size=SHORT).filter(lambda s: len(s.strip()) >= SHORT)
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(before=texts, secret=secrets, after=texts)
def test_a_secret_is_replaced_wherever_it_stands(before: str, secret: str, after: str) -> None:
    redactor = Redactor([secret])
    for dress in (secret, quote(secret, safe=""), json.dumps(secret)):
        assert secret not in redactor.text(before + dress + after).replace(REPLACEMENT, "\0")
        assert REPLACEMENT in redactor.text(before + dress + after)


@given(secret=secrets.filter(lambda secret: "\0" not in secret))
def test_a_secret_is_replaced_as_libpq_and_postgresql_conf_quote_it(secret: str) -> None:
    conninfo = make_conninfo(password=secret)
    redactor = Redactor([secret])
    assert redactor.text(conninfo).strip("'") in (f"password={REPLACEMENT}", f"password='{REPLACEMENT}")
    if conninfo.isprintable():
        assert REPLACEMENT in redactor.text(quoted(conninfo))


@given(text=texts)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert Redactor().text(text) == text
    assert Redactor(["\ue000 never drawn \ue000"]).text(text) == text


def test_a_short_secret_is_replaced_only_where_it_stands_alone() -> None:
    redactor = Redactor(["main"])
    assert redactor.text("password=main on 'main': maintenance of domains") == (
        f"password={REPLACEMENT} on '{REPLACEMENT}': maintenance of domains"
    )


def test_a_secret_within_a_longer_one_does_not_leave_its_rest() -> None:
    assert Redactor(["xoxb-123456", "xoxb-123456-abcdef"]).text("token xoxb-123456-abcdef.") == f"token {REPLACEMENT}."


def test_an_empty_secret_is_none() -> None:
    assert Redactor(["", "  "]).text("nothing to hide") == "nothing to hide"


def test_the_redactor_does_not_show_its_secrets() -> None:
    assert "s3cret" not in repr(Redactor(["s3cret-value"]))


def test_texts_and_keys_within_values() -> None:
    value: JsonValue = {"a": ["s3cret-value", 1, None, {"s3cret-value": True}]}
    assert Redactor(["s3cret-value"]).value(value) == {"a": [REPLACEMENT, 1, None, {REPLACEMENT: True}]}
