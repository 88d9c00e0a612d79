"""Where an alert's card leads, and what is said of mistakes."""

from bot.runbooks_settings import mistakes_in_runbooks, runbook_of

RULES = ("primary_down", "disk")


def test_its_own_page_then_the_base_then_understudys_text() -> None:
    runbooks = {"disk": "https://wiki/disks", "base": "https://wiki/runbooks/"}
    assert runbook_of(runbooks, "https://understudy", "disk") == "https://wiki/disks"
    assert runbook_of(runbooks, "https://understudy", "primary_down") == "https://wiki/runbooks/primary_down"
    assert runbook_of({}, "https://understudy/", "disk") == "https://understudy/rules/disk"
    assert runbook_of({}, None, "disk") is None


def test_a_rule_that_is_none_and_an_address_that_is_none_are_named() -> None:
    raw = {"primary_dwn": "https://wiki", "disk": "javascript:alert(1)", "base": "https://wiki/a|b"}
    found = {mistake.key: mistake.right for mistake in mistakes_in_runbooks(raw, {"url": "understudy"}, RULES)}
    assert set(found) == {"http.url", "runbooks.primary_dwn", "runbooks.disk", "runbooks.base"}
    assert "primary_down" in found["runbooks.primary_dwn"]


def test_what_is_right_is_left_alone() -> None:
    assert list(mistakes_in_runbooks({"base": "https://wiki"}, {"url": "http://10.0.0.1:8377"}, RULES)) == []
    assert list(mistakes_in_runbooks(None, None, RULES)) == []
