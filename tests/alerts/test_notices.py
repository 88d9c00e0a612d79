"""What is said: words that stand for themselves, buttons that can do something, and a line for each change."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.lifecycle import Change, Transition
from alerts.lines import line_page
from alerts.notices import TIMELINE, Context, best_standby, card_page, notice_of
from alerts.rules import RULES
from alerts.wording import title_of
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.page import Facts, Mention, Moment, Page, Text, Tone
from ledger.who import Who
from servers.lsn import Lsn
from tests.alerts.looks import CLUSTER, DB1, DB2, MIB, NOW, STANDBY_SQL, dark, look, nothing_known

ALERT = AlertRow(
    id="A7K3F",
    rule="primary_down",
    cluster="shop",
    subject="db1",
    severity=Severity.CRITICAL,
    state=AlertState.FIRING,
    value="db1 takes no writes",
    threshold="a primary that takes writes",
    evidence="understudy by SQL to db1: refused\ndb1 by SSH: no postmaster",
    group="alert/A7K3F",
    since=NOW,
    last_seen_at=NOW,
    fired_at=NOW,
)
LATER = NOW + timedelta(seconds=90)
RESOLVED = replace(ALERT, state=AlertState.RESOLVED, resolved_at=LATER, value="a primary answers")


def line(change: Change, after: AlertRow, before: AlertRow = ALERT) -> Page:
    return line_page(Transition(change, before, after, LATER))


def test_the_summary_holds_the_whole_in_one_line() -> None:
    page = card_page(ALERT, Context("db2"))
    assert page.summary == "shop: primary db1 is down — db1 takes no writes"
    assert "\n" not in page.summary


def test_the_card_shows_value_threshold_and_since_when() -> None:
    page = card_page(ALERT, Context())
    (facts,) = [part for part in page.parts if isinstance(part, Facts)]
    assert dict(facts.pairs) == {
        "Seen": ("db1 takes no writes",),
        "Should be": ("a primary that takes writes",),
        "Since": (Moment(NOW),),
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_card_says_what_to_do_and_has_at_most_four_buttons(rule: object) -> None:
    name = getattr(rule, "name", "")
    page = card_page(replace(ALERT, rule=name), Context("db2"))
    told = " ".join(str(span) for part in page.parts if isinstance(part, Text) for span in part.spans)
    assert getattr(rule, "mend", "?") in told
    assert len(page.buttons) <= 3
    assert ("promote.open" in [button.action for button in page.buttons]) == (name in ("primary_down", "no_primary"))


def test_without_a_standby_that_answers_there_is_nothing_to_fail_over_to() -> None:
    assert "promote.open" not in [button.action for button in card_page(ALERT, Context()).buttons]


def test_a_resolved_card_offers_its_timeline_alone_and_says_how_long_it_lasted() -> None:
    page = card_page(RESOLVED, Context("db2"))
    assert (page.tone, [button.action for button in page.buttons]) == (Tone.GOOD, [TIMELINE])
    assert page.summary == "Resolved: shop has a working primary again, after 1 min 30 s"


def test_who_did_it_is_named_and_not_called() -> None:
    acknowledged = replace(ALERT, acknowledged_by=Who("U0ALICE", "Alice"), acknowledged_at=LATER)
    page = line(Change.ACKNOWLEDGED, acknowledged)
    (text,) = [part for part in page.parts if isinstance(part, Text)]
    assert text.spans == ("Acknowledged by ", Mention("Alice", "U0ALICE", notify=False))
    at_terminal = replace(acknowledged, acknowledged_by=Who("os:alice", "alice"))
    (text,) = [part for part in line(Change.ACKNOWLEDGED, at_terminal).parts if isinstance(part, Text)]
    assert text.spans[1] == Mention("alice", None, notify=False)


@pytest.mark.parametrize(
    ("change", "after", "title"),
    [
        (Change.ESCALATED, ALERT, "Critical now: shop: primary db1 is down"),
        (
            Change.EASED,
            replace(ALERT, severity=Severity.WARNING),
            "Warning, no longer critical: shop: primary db1 is down",
        ),
        (Change.FIRED_AGAIN, ALERT, "Fired again: shop: primary db1 is down"),
        (Change.RESOLVED, RESOLVED, "Resolved: shop has a working primary again"),
        (Change.SILENCE_ENDED, ALERT, "The silence has ended: shop: primary db1 is down"),
    ],
)
def test_a_line_says_what_changed(change: Change, after: AlertRow, title: str) -> None:
    assert line(change, after).title == title


def test_a_warning_that_nobody_took_up_says_so_when_it_becomes_critical() -> None:
    left_alone = replace(ALERT, severity=Severity.WARNING)
    assert "nobody has acknowledged" in line(Change.ESCALATED, ALERT, left_alone).summary


def test_each_change_has_a_line_of_its_own() -> None:
    changes = (Change.ESCALATED, Change.RESOLVED)
    notices = [notice_of(Transition(change, ALERT, ALERT, LATER), Context()) for change in changes]
    keys = {line.card for notice in notices if notice is not None for line in notice.lines}
    assert len(keys) == 2
    assert all(key.startswith("alert/A7K3F/") for key in keys)


def test_the_card_says_when_it_has_fired_again() -> None:
    again = replace(ALERT, fired_at=LATER)
    notice = notice_of(Transition(Change.FIRED_AGAIN, RESOLVED, again, LATER), Context())
    assert notice is not None
    (facts,) = [part for part in notice.page.parts if isinstance(part, Facts)]
    assert dict(facts.pairs)["Fired again"] == (Moment(LATER),)


def test_an_alert_of_an_unknown_rule_can_still_be_shown() -> None:
    assert title_of(replace(ALERT, rule="of_old")) == "shop: of old: db1"
    assert card_page(replace(ALERT, rule="of_old"), Context()).buttons


def test_the_best_standby_has_received_most() -> None:
    behind = replace(DB2, name="db3", sql=replace(STANDBY_SQL, receive_lsn=Lsn(50 * MIB), replay_lsn=Lsn(50 * MIB)))
    three = replace(look().state, servers=(DB1, behind, DB2))
    assert best_standby(CLUSTER, three, "db1") == "db2"


def test_a_standby_that_does_not_answer_is_no_choice() -> None:
    assert best_standby(CLUSTER, look(DB1, dark(DB2)).state, "db1") is None
    assert best_standby(CLUSTER, nothing_known().state, "db1") is None


def test_before_anything_was_seen_the_other_one_of_a_pair_is_it() -> None:
    assert best_standby(CLUSTER, None, "db1") == "db2"
    assert best_standby(CLUSTER, None, "shop") is None
