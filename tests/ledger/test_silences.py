"""Silences by matcher, and storms, as rows."""

from dataclasses import replace

from sqlite_utils import Database

from ledger.alerts import Severity, save
from ledger.silences import Silence, new_silence_id, save_silence, silence, silences
from ledger.storms import begin_storm, begun_since, end_storm, most_alerts, new_storm_id, open_storm, open_storms, storm
from tests.ledger.test_alerts import alert
from tests.ledger.values import ANNA, BEN, NOW, later


def test_silences_hold_until_their_time_or_their_end(db: Database) -> None:
    timed = Silence(new_silence_id(db), "orders", None, None, "work on the rack", ANNA, NOW, later(60))
    worst = Severity.WARNING
    lasting = Silence(new_silence_id(db), "*", "backup", "db1 *", "known", BEN, later(1), later(900), worst)
    save_silence(db, timed)
    save_silence(db, lasting)
    assert silences(db, later(59)) == [timed, lasting]
    assert silences(db, later(60)) == [lasting]
    ended = replace(lasting, ended_at=later(61), ended_by=ANNA)
    save_silence(db, ended)
    assert silences(db, later(62)) == []
    assert silence(db, lasting.id) == ended
    assert not ended.holds(later(62))
    assert timed.holds(later(59))


def test_one_storm_blows_in_a_channel_at_a_time(db: Database) -> None:
    first = begin_storm(db, new_storm_id(db), "C0OPS", NOW)
    assert begin_storm(db, new_storm_id(db), "C0OPS", later(1)) == first
    other = begin_storm(db, new_storm_id(db), "C0ALERT", later(1))
    assert open_storms(db) == [first, other]
    end_storm(db, first.id, later(9))
    assert open_storm(db, "C0OPS") is None
    assert storm(db, first.id) == replace(first, ended_at=later(9))
    assert (most_alerts(db, first.id, 7), most_alerts(db, first.id, 3)) == (7, 7)


def test_the_alerts_that_began_lately_in_a_channel_are_counted(db: Database) -> None:
    for number, fired in enumerate((0, 30, 50)):
        save(db, replace(alert(db, f"pg{number}"), channel="C0OPS", fired_at=later(fired)))
    assert begun_since(db, "C0OPS", later(60), 60) == 2
    assert begun_since(db, "C0ALERT", later(60), 60) == 0
