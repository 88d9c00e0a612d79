"""What is typed is looked up and never interpreted; what cannot be looked up comes back as one line."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands.command import Misunderstood
from commands.parse import Typed, echo, nearest, parse, resolve
from tests.commands.inventory import BOOKS, SHOP

NAMES = ("status", "promote", "restore", "alerts", "audit", "help")
ONE = {"shop": SHOP}
TWO = {"shop": SHOP, "books": BOOKS}
USAGE = "promote [cluster] [server]"

garbage = st.one_of(
    st.text(max_size=80),
    st.text(alphabet=st.characters(categories=("Cc", "Cf", "Zl", "Zp", "Lo", "Mn", "So")), max_size=80),
    st.lists(
        st.sampled_from([*NAMES, "; rm -rf /", "<!channel>", "`id`", "$(id)", "\x00", '"', "\n", "shop", "db1", "漢"])
    ).map(" ".join),
)


def misunderstood(text: str) -> str:
    with pytest.raises(Misunderstood) as refused:
        parse(text, NAMES)
    return str(refused.value)


def unresolved(*arguments: str, clusters: dict[str, object] | None = None) -> str:
    with pytest.raises(Misunderstood) as refused:
        resolve(arguments, TWO, USAGE)
    return str(refused.value)


@settings(max_examples=2000, deadline=None)
@given(garbage)
@example("<!channel> `rm -rf /`; \n promote")
@example("\ud800")
@example("a" * 10_000)
@example("\u202etxt.exe\u0000\u200b" * 30)
def test_whatever_is_typed_gives_a_known_command_or_one_line(text: str) -> None:
    try:
        typed = parse(text, NAMES)
        resolve(typed.arguments, TWO, USAGE)
    except Misunderstood as refused:
        line = str(refused)
        assert len(line) < 400
        assert "/ha" in line
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in line)
    else:
        assert typed.name in NAMES


@given(st.text())
def test_an_echo_is_short_and_stays_on_one_line(text: str) -> None:
    shown = echo(text)
    assert len(shown) <= 60
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("status", Typed("status")),
        ("", Typed("help")),
        ("   ", Typed("help")),
        ("/ha promote shop db2", Typed("promote", ("shop", "db2"))),
        ("PROMOTE Shop\n db2 ", Typed("promote", ("shop", "db2"))),
    ],
)
def test_words_are_split_at_white_space_in_any_case(text: str, typed: Typed) -> None:
    assert parse(text, NAMES) == typed


def test_an_unknown_word_gets_the_nearest_command() -> None:
    assert misunderstood("promot shop") == "“promot” is no command. Did you mean /ha promote?"
    assert misunderstood("漢字") == "“漢字” is no command. Type: /ha help"


def test_ten_kilobytes_come_back_as_a_line() -> None:
    line = misunderstood("x" * 10_000)
    assert line.startswith("That is 10000 characters long, beginning with “xxx")
    assert len(line) < 200


def test_the_cluster_may_be_left_out_when_there_is_one_only() -> None:
    assert resolve((), ONE, USAGE) == (SHOP, None)
    assert resolve(("db2",), ONE, USAGE) == (SHOP, "db2")
    assert unresolved() == "Which cluster? There are shop, books. Type: /ha promote [cluster] [server]"


def test_a_server_that_stands_in_one_cluster_names_it() -> None:
    assert resolve(("db3",), TWO, USAGE) == (BOOKS, "db3")
    assert unresolved("db1") == "“db1” is a server of shop, books. Type: /ha promote shop db1"


def test_cluster_and_server_may_come_in_either_order() -> None:
    assert resolve(("shop", "db1"), TWO, USAGE) == resolve(("db1", "shop"), TWO, USAGE) == (SHOP, "db1")


def test_an_unknown_name_gets_the_nearest_one() -> None:
    assert unresolved("shpo").startswith("“shpo” is no cluster or server. Did you mean “shop”?")
    assert unresolved("shop", "db7").startswith("“db7” is no server of shop. Did you mean “db")
    assert unresolved("db1", "bokos").startswith("“bokos” is no cluster. Did you mean “books”?")
    assert unresolved("x;y").startswith("“x;y” is no cluster or server. Known: shop, books, db1, db2, db3.")


def test_too_many_words_are_refused() -> None:
    assert unresolved("shop", "db1", "now").startswith("“shop db1 now” is more than a cluster and a server.")


def test_nearest_finds_nothing_where_nothing_is_near() -> None:
    assert nearest("zzz", NAMES) is None
