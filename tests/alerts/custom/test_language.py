"""The expressions of rules in the settings: what they mean, and what is said of mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.custom.evaluation import Scope, truth
from alerts.rules.custom.expression import windows
from alerts.rules.custom.parser import UnknownName, parse
from alerts.rules.custom.tokens import Mistaken
from alerts.rules.custom.windows import Windows

KNOWN = ("lag", "disk", "up")
NOW = 1_800_000_000.0
VALUES: dict[str, dict[str, float | None]] = {
    "lag": {"db1": 0.0, "db2": 20e6},
    "disk": {"db1 /": 0.5, "db2 /": 0.9, "db2 /wal": None},
    "up": {"shop": 1.0},
}


def _says(text: str, subject: str = "db2", remembered: Windows | None = None) -> bool | None:
    past = remembered or Windows({})
    return truth(
        parse(text, KNOWN), Scope(subject, VALUES, lambda name, whose, back: past.stretch(name, whose, back, NOW))
    )


@pytest.mark.parametrize(
    ("text", "subject", "expected"),
    [
        ("lag > 16MB", "db2", True),
        ("lag > 16MB", "db1", False),
        ("lag > 20MiB", "db2", False),
        ("lag / 2 >= 10MB and up == 1", "db2", True),
        ("not lag > 16MB", "db2", False),
        ("not not (lag > 16MB)", "db2", True),
        ("lag > 1GB or disk > 80%", "db2 /", True),
        ("- lag < -1 - 1", "db2", True),
        ("2 + 3 * 4 == 14 and up > 0", "shop", True),
        ('disk["/"] > 80%', "db2", True),
        ('disk["db1 /"] > 80%', "db2", False),
        ("max_of(lag) > 16MB", "db1", True),
        ("sum_of(lag) == 20MB", "db1", True),
        ("lag > 5 and up == 1", "db2 /wal", True),
    ],
)
def test_it_means_what_it_says(text: str, subject: str, expected: bool) -> None:
    assert _says(text, subject) is expected


@pytest.mark.parametrize(
    ("text", "subject", "expected"),
    [
        ("disk > 80%", "db2 /wal", None),
        ("not disk > 80%", "db2 /wal", None),
        ("disk > 80% and up == 0", "db2 /wal", False),
        ("disk > 80% or up == 1", "db2 /wal", True),
        ("disk > 80% or up == 0", "db2 /wal", None),
        ("disk > 80%", "db9 /", None),
        ("max_of(disk) > 80%", "db1", None),
        ("lag / 0 > 1", "db2", None),
        ("lag / (up - 1) > 1", "db2", None),
        ("avg(lag, 10m) > 1", "db2", None),
    ],
)
def test_what_rests_on_something_unknown_is_unknown(text: str, subject: str, expected: bool | None) -> None:
    assert _says(text, subject) is expected


def _remembered(*values: float, back: float) -> Windows:
    """One value each ten seconds, the last one now."""
    past = Windows({"lag": back})
    for number, value in enumerate(values):
        past.add(NOW - 10.0 * (len(values) - 1 - number), [("lag", "db2", value)])
    return past


@pytest.mark.parametrize(
    "text",
    [
        "avg(lag, 1m) == 35",
        "min(lag, 1m) == 10",
        "max(lag, 60s) == 60",
        'delta(lag, "1m") == 50',
        "rate(lag, 1m) == 1",
        "max(lag, 30s) - min(lag, 30s) <= 30",
    ],
)
def test_functions_look_back(text: str) -> None:
    assert _says(text, "db2", _remembered(10, 20, 30, 40, 50, 60, back=60)) is True


def test_a_function_that_has_seen_less_than_half_of_its_time_is_unknown() -> None:
    assert _says("avg(lag, 10m) > 1", "db2", _remembered(*[5.0] * 29, back=600)) is None
    assert _says("avg(lag, 10m) > 1", "db2", _remembered(*[5.0] * 30, back=600)) is True


def test_what_is_too_old_is_forgotten() -> None:
    past = _remembered(1e9, *[1.0] * 60, back=300)
    assert _says("max(lag, 5m) == 1", "db2", past) is True


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("lag >", 6, "a value, a number or a function was expected, not the end"),
        ("lag", 1, "it is a number"),
        ("5 > 4", 1, "names no value"),
        ("lag > 5 lag", 9, "'lag' was not expected here"),
        ("lag > 5XB", 8, "'XB' is no unit"),
        ("lag ? 5", 5, "'?' means nothing"),
        ("avg(lag) > 5", 8, "',' was expected"),
        ("avg(lag, 1s) > 5", 10, "between 30 s and 6 h"),
        ("avg(lag, 'ten') > 5", 10, "write a duration"),
        ("median(lag, 5m) > 5", 1, "'median' is no function"),
        ("avg(5, 5m) > 5", 5, "the name of a value was expected"),
        ("lag > 5 and disk", 17, "a comparison was expected"),
        ("(lag > 5) + 1 > 2", 13, "yes or no is no number"),
        ("1 < lag < 5", 9, "one comparison at a time"),
        ("lag[db1] > 5", 5, "in quotes"),
        ("(" * 60 + "lag > 5" + ")" * 60, 51, "nested too deeply"),
        ("lag > " + "1" * 1001, 1, "are enough"),
        ("__import__('os').system('x') > 1", 17, "'.' means nothing here"),
    ],
)
def test_a_mistake_has_its_place_and_what_is_wrong(text: str, at: int, why: str) -> None:
    with pytest.raises(Mistaken, match="(?s)" + why.replace("(", r"\(").replace("?", r"\?")) as mistaken:
        parse(text, KNOWN)
    assert mistaken.value.at == at


def test_a_name_that_nobody_observes_is_named() -> None:
    with pytest.raises(UnknownName) as mistaken:
        parse("up == 1 and lagg > 5", KNOWN)
    assert (mistaken.value.name, mistaken.value.at) == ("lagg", 13)


@given(st.text(alphabet="lagdiskup 0159.%<>=!()[]\"',+-*/andornotMBhs\n\u00e9", max_size=60))
def test_whatever_is_typed_is_an_expression_or_a_mistake_with_a_place_in_it(text: str) -> None:
    place = 1
    try:
        expression = parse(text, KNOWN)
    except Mistaken as mistaken:
        place = mistaken.at
    else:
        scope = Scope("db2", VALUES, lambda name, whose, back: Windows({}).stretch(name, whose, back, NOW))
        assert truth(expression, scope) in (True, False, None)
    assert 1 <= place <= len(text) + 1


def test_the_longest_look_back_of_each_value_is_known_beforehand() -> None:
    assert windows(parse("avg(lag, 5m) > 1 or max(lag, 1h) > 5 and disk > 1", KNOWN)) == {"lag": 3600.0}
