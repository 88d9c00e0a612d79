"""`/ha access`: who may do what, through which group, by which rules, and when those change."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from commands.access import find, order_lines
from commands.command import Misunderstood
from commands.dispatcher import Dispatcher
from commands.people import Person
from commands.policies import OrderPolicy, Override, Policies, next_change, policy_for
from commands.registry import COMMANDS
from ledger.hours import Window
from ledger.page import Items, Moment, Page, Text
from tests.commands.conftest import POLICIES, Scene
from tests.commands.test_policies import CLUSTERS, MOMENTS
from tests.commands.test_policies import POLICIES as ANY_POLICIES

NIGHT = Window(time(22), time(6), ZoneInfo("UTC"))
KNOWN = Policies(people={"alice": "U-alice", "bob": "U-bob"})
ADA = Person("U1", "Ada", "ada", frozenset({"dba"}))


def lines(page: Page) -> dict[str, list[str]]:
    items = [part for part in page.parts if isinstance(part, Items)]
    return {part.title: [f"{item.title} — {item.detail}" for item in part.items] for part in items}


async def access(scene: Scene, who: str, words: str = "") -> Page:
    return (await scene.dispatcher.ask(scene.asks(who, f"access {words}"))).page


async def test_it_says_what_the_asker_may_do_and_through_which_group(scene: Scene) -> None:
    page = await access(scene, "alice")
    assert page.title == "What you may do"
    assert "Known as alice, in dba." in page.summary
    assert "May use “maintenance” — through dba" in lines(page)["At any time"]
    assert "May use “acknowledge” — through dba" in lines(page)["At any time"]
    assert lines(page)["promote"] == [
        "May ask — through dba",
        "May approve what others ask for — through dba",
        "Terms — 1 approval, 2 with a risk of dba; waits 15 min; with a reason; anywhere",
    ]


async def test_drills_that_switch_over_go_by_promotes_policy_and_that_is_said(scene: Scene) -> None:
    told = lines(await access(scene, "alice"))
    assert told["drill"][-1] == "Drill failover and drill full — by what is said of promote, not this"
    assert "by what is said of" not in repr(told["promote"])
    page = (await scene.dispatcher.ask(scene.asks("alice", "help drill"))).page
    assert "/ha drill failover and full go by the right and the policy of promote." in repr(page)


async def test_somebody_unknown_may_only_look(scene: Scene) -> None:
    page = await access(scene, "stranger")
    assert "Not known here" in page.summary
    assert lines(page)["promote"][:2] == ["May not ask — only dba", "May not approve what others ask for — only dba"]
    assert lines(page)["At any time"][0] == "May use “view” — everyone may"


async def test_what_will_change_is_said_with_the_hour(scene: Scene) -> None:
    night = Override(window=NIGHT, approvals=2, break_glass=frozenset({"dba"}))
    scene.world = replace(scene.world, policies=replace(POLICIES, overrides={"promote": (night,)}))
    scene.dispatcher = Dispatcher(scene.world, COMMANDS)
    scene.pair.now = scene.pair.now.replace(hour=12)
    texts = [part for part in (await access(scene, "alice")).parts if isinstance(part, Text)]
    (change,) = [part for part in texts if any(isinstance(span, Moment) for span in part.spans)]
    assert change.spans[1] == Moment(scene.pair.now.replace(hour=22, minute=0, second=0, microsecond=0))
    assert "may start it alone (--break-glass): through dba; not with a risk" in str(change.spans[2])
    assert "terms: 2 approvals of dba" in str(change.spans[2])


async def test_another_person_is_found_by_key(scene: Scene) -> None:
    scene.world = replace(scene.world, policies=replace(POLICIES, people=KNOWN.people))
    scene.dispatcher = Dispatcher(scene.world, COMMANDS)
    assert (await access(scene, "guest", "bob")).title == "What bob may do"


@pytest.mark.parametrize("word", ["bob", "@bob"])
def test_a_key_names_a_person(word: str) -> None:
    assert find([word], KNOWN, "access [person]") == "U-bob"


@pytest.mark.parametrize("word", ["u0bob", "<@u0bob>", "<@u0bob|robert>", "@u0bob"])
def test_a_slack_id_names_a_person_in_whatever_dress(word: str) -> None:
    assert find([word], KNOWN, "access [person]") == "U0BOB"


@pytest.mark.parametrize(
    ("words", "why"), [("bop", "Did you mean /ha access bob?"), ("<!channel>", "nobody of the"), ("a b", "more than")]
)
def test_anything_else_is_nobody(words: str, why: str) -> None:
    with pytest.raises(Misunderstood) as error:
        find(words.split(), KNOWN, "access [person]")
    assert why in str(error.value)


@given(ANY_POLICIES, CLUSTERS, MOMENTS)
def test_the_next_change_is_a_change(policies: Policies, cluster: str, at: datetime) -> None:
    change = next_change(policies, "promote", cluster, at)
    if change is not None:
        assert change > at
        assert policy_for(policies, "promote", cluster, change) != policy_for(policies, "promote", cluster, at)


def test_the_night_of_the_other_day_is_the_next_change() -> None:
    saturday = Override(window=replace(NIGHT, days=frozenset({5})), approvals=3)
    policies = Policies(orders={"promote": OrderPolicy(frozenset({"dba"}))}, overrides={"promote": (saturday,)})
    friday = datetime(2026, 1, 30, 23, tzinfo=UTC)
    assert next_change(policies, "promote", "shop", friday) == datetime(2026, 1, 31, 22, tzinfo=UTC)


def test_an_order_that_nobody_wrote_a_policy_for_is_said_to_have_none() -> None:
    told = order_lines(Policies(), ADA, "promote", "promote", "shop", datetime(2026, 1, 30, 23, tzinfo=UTC))
    assert [line.why for line in told] == ["nobody may", "nobody can: there is no [policies.promote]"]
