"""A small storm: the keeper, the ledger and the whole face against a Slack that misbehaves. `python -m bench.storm` is
the day of ten thousand changes."""

from pathlib import Path

from bench.storm import storm
from bench.storm_check import Shown, compare


async def test_whatever_slack_does_every_change_of_state_is_shown_once_and_in_order(tmp_path: Path) -> None:
    result = await storm(120, tmp_path, restarts=1, outages=1)
    assert result.changes >= 120
    assert result.verdict.messages > 20
    assert result.faults > 0
    assert result.verdict.well, result.verdict


def test_the_comparison_finds_what_is_lost_twice_outdated_or_out_of_order() -> None:
    rows = [
        {"shown_as": card, "card": card, "parent": parent, "first_item": number, "content_hash": "new"}
        for number, (card, parent) in enumerate([("a", None), ("a/1", "a"), ("a/2", "a"), ("b", None), ("c", None)])
    ]
    shown = [
        Shown("a", "new", "1.0", None),
        Shown("a/2", "new", "2.0", "1.0"),
        Shown("a/1", "new", "3.0", "1.0"),
        Shown("b", "old", "4.0", None),
        Shown("b", "new", "5.0", None),
        Shown("b", "old", "6.0", None),
    ]
    verdict = compare(rows, frozenset({"a", "d"}), shown)
    assert verdict.lost == ("c", "d")
    assert verdict.twice == ("b",)
    assert verdict.outdated == ("b",)
    assert verdict.out_of_order == ("a",)
    assert not verdict.well
