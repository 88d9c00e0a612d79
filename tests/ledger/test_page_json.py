"""A page comes back from JSON exactly as it went in; what is no page is refused, with the place that is wrong."""

import json
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.page import (
    Button,
    Facts,
    Item,
    Items,
    Mention,
    Moment,
    Note,
    Page,
    Plot,
    PlotLimit,
    PlotLine,
    PlotMark,
    PlotPoint,
    Table,
    Text,
    Tone,
)
from ledger.page_json import PageError, from_json, to_json
from ledger.page_texts import with_texts
from ledger.units import Unit

texts = st.text(st.characters())
offsets = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"]).map(ZoneInfo)
moments = st.datetimes(timezones=st.one_of(st.just(UTC), offsets, zones), allow_imaginary=False).map(Moment)
spans = st.lists(st.one_of(texts, moments, st.builds(Mention, texts, st.none() | texts, st.booleans()))).map(tuple)
tones = st.sampled_from(Tone)


def tuples(of: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, max_size=4).map(tuple)


seconds = st.integers(0, 4 * 10**15).map(
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
points = st.builds(PlotPoint, seconds, st.none() | numbers, st.none() | numbers, st.none() | numbers)
plots = st.builds(
    Plot,
    texts,
    st.sampled_from(Unit),
    seconds,
    seconds,
    tuples(st.builds(PlotLine, texts, tuples(points))),
    tuples(st.builds(PlotLimit, texts, numbers, tones)),
    tuples(st.builds(PlotMark, seconds, texts)),
    st.none() | texts,
)
parts = st.one_of(
    plots,
    st.builds(Text, spans, st.booleans()),
    st.builds(Facts, tuples(st.tuples(texts, spans))),
    st.builds(Table, tuples(texts), tuples(tuples(texts))),
    st.builds(Items, texts, tuples(st.builds(Item, tones, texts, texts))),
    st.builds(Note, spans),
)
buttons = st.builds(Button, texts, texts, texts, texts, tuples(st.tuples(texts, texts)))
pages = st.builds(Page, texts, tones, texts, tuples(parts), tuples(buttons))


@given(pages)
def test_the_round_trip_is_exact(page: Page) -> None:
    text = to_json(page)
    back = from_json(text)
    assert back == page
    assert to_json(back) == text
    assert text.isascii()


@given(pages)
def test_changing_no_text_changes_nothing(page: Page) -> None:
    assert with_texts(page, lambda text: text) == page


def test_the_hour_that_comes_twice_stays_the_right_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for fold in (0, 1):
        at = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold)
        page = from_json(to_json(Page("t", Tone.INFO, "s", (Text((Moment(at),)),))))
        (part,) = page.parts
        assert isinstance(part, Text)
        (moment,) = part.spans
        assert isinstance(moment, Moment)
        assert (moment.at.fold, moment.at.tzinfo, moment.at.astimezone(UTC)) == (fold, berlin, at.astimezone(UTC))


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(PageError, match="time zone"):
        to_json(Page("t", Tone.INFO, "s", (Text((Moment(datetime(2026, 1, 1)),)),)))  # noqa: DTZ001


WHOLE = {
    "version": 1,
    "title": "t",
    "tone": "info",
    "summary": "s",
    "parts": [
        {"type": "text", "spans": ["x", {"moment": "2026-01-01T00:00:00+00:00", "zone": None}], "literal": False}
    ],
    "buttons": [{"action": "a", "label": "l", "value": "v", "style": "default", "choices": [["1", "one"]]}],
}


def changed(*path: str | int, to: object) -> str:
    whole = json.loads(json.dumps(WHOLE))
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "page: an object was expected"),
        ("{}", "page: buttons, parts, summary, title, tone, version is missing"),
        (changed("version", to=2), "page.version: 2 is not known"),
        (changed("colour", to="red"), "page: colour is not known here"),
        (changed("title", to=1), "page.title: a text was expected, not int"),
        (changed("tone", to="loud"), "page.tone: 'loud' is not"),
        (changed("parts", to={}), "page.parts: a list was expected"),
        (changed("parts", 0, "type", to="video"), r"page.parts\[0\].type: 'video'"),
        (changed("parts", 0, "literal", to=1), r"page.parts\[0\].literal: true or false"),
        (changed("parts", 0, "spans", 0, to=None), r"page.parts\[0\].spans\[0\]: an object"),
        (changed("parts", 0, "spans", 1, "moment", to="noon"), r"page.parts\[0\].spans\[1\]: Invalid"),
        (changed("parts", 0, "spans", 1, "moment", to="2026-01-01T00:00:00"), "a time zone is missing"),
        (changed("parts", 0, "spans", 1, "zone", to="Mars/Olympus"), r"page.parts\[0\].spans\[1\]: .*Mars"),
        (changed("parts", 0, "spans", 1, "zone", to="../../etc/passwd"), r"page.parts\[0\].spans\[1\]: "),
        (changed("buttons", 0, "choices", 0, to=["1"]), r"page.buttons\[0\].choices\[0\]: a list of two"),
        (changed("buttons", to=WHOLE["buttons"] * 5), "at most four buttons"),  # type: ignore[operator]
    ],
)
def test_what_is_no_page_is_refused_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(PageError, match=complaint):
        from_json(text)
