"""Rights hang on Slack ids and on groups confirmed at the moment of the click; whatever is unknown means no."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.slack.client import SlackClients, open_clients
from bot.slack.directory import GROUP_SECONDS, MOMENT_SECONDS, PROFILE_SECONDS, SlackDirectory
from bot.slack.identity import OwnIdentity
from commands.authority import VIEW, may
from lab.slack import PracticeSlack, workspace_from_manifest
from lab.slack.workspace import User, UserGroup
from tests.bot.slack.conftest import MANIFEST, POLICIES, ROSTER

Now = Callable[[], float]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def directory(clients: SlackClients, clock: Clock) -> SlackDirectory:
    return SlackDirectory(clients.sender, ROSTER, OwnIdentity(clients.sender), clock=clock)


async def test_a_person_of_the_settings_has_a_key_and_groups_of_both_kinds(directory: SlackDirectory) -> None:
    bob = await directory.person("U0BOB")
    assert (bob.key, bob.groups) == ("bob", frozenset({"dba", "lead"}))
    assert bob.name == "bob"


async def test_who_is_only_in_the_slack_group_goes_by_the_slack_id(directory: SlackDirectory) -> None:
    carol = await directory.person("U0CAROL")
    assert (carol.key, carol.groups) == ("U0CAROL", frozenset({"dba"}))


async def test_a_stranger_has_nothing(directory: SlackDirectory) -> None:
    dave = await directory.person("U0DAVE")
    assert (dave.key, dave.groups) == (None, frozenset())


async def test_an_id_of_another_workspace_has_nothing(directory: SlackDirectory) -> None:
    person = await directory.person("foreign:T0OTHER:U0ALICE")
    assert (person.key, person.groups, person.outside) == (None, frozenset(), True)


async def test_the_bot_itself_has_nothing(directory: SlackDirectory, slack: PracticeSlack) -> None:
    person = await directory.person(slack.workspace.app.bot_user_id)
    assert (person.key, person.groups) == (None, frozenset())


@pytest.fixture
async def crowd() -> AsyncIterator[PracticeSlack]:
    """A workspace that shares its channel: some in its groups are no people of ours."""
    usual = workspace_from_manifest(MANIFEST)
    elsewhere = User("U0EVE", "eve", "Eve Elsewhere", team_id="T0OTHER")
    left = User("U0FRED", "fred", "Fred Former", deleted=True)
    robot = User("U0ROBOT", "robot", "Another App", is_bot=True)
    group = UserGroup("S0DBA", "dba", "Database on call", ("U0CAROL", "U0EVE", "U0FRED", "U0ROBOT"))
    # Bob, of the settings, has left the company; Alice's account was moved to a workspace of another company.
    gone: dict[str, Any] = {"U0BOB": {"deleted": True}, "U0ALICE": {"team_id": "T0OTHER"}}
    users = tuple(dataclasses.replace(user, **gone.get(user.id, {})) for user in usual.users)
    everybody = dataclasses.replace(usual, users=(*users, elsewhere, left, robot), user_groups=(group,))
    async with PracticeSlack.start(rate_limits=False, workspace=everybody) as practice:
        yield practice


@pytest.mark.parametrize("who", ["U0EVE", "U0FRED", "U0ROBOT", "U0BOB", "U0ALICE"])
async def test_whoever_is_no_living_human_of_our_workspace_has_nothing(
    crowd: PracticeSlack, clock: Clock, who: str
) -> None:
    """Whatever group they are in, and even if the settings name them."""
    clients = open_clients(crowd.api_url, crowd.bot_token, call_seconds=0.5)
    try:
        directory = SlackDirectory(clients.sender, ROSTER, OwnIdentity(clients.sender), clock=clock)
        person = await directory.person(who, afresh=True)
        assert (person.key, person.groups, person.outside) == (None, frozenset(), True)
        assert not may(POLICIES, person, VIEW).allowed
        assert (await directory.person("U0CAROL")).groups == {"dba"}
    finally:
        await clients.close()


async def test_nothing_that_was_looked_up_is_believed_for_more_than_a_minute(
    directory: SlackDirectory, slack: PracticeSlack, clock: Clock
) -> None:
    await directory.person("U0BOB")
    clock.now += 61
    await directory.person("U0BOB")
    assert len(slack.calls.of("users.info")) == 2
    assert len(slack.calls.of("usergroups.users.list")) == 2
    assert max(PROFILE_SECONDS, GROUP_SECONDS) <= 60


async def test_without_the_group_only_the_listed_people_count(directory: SlackDirectory, slack: PracticeSlack) -> None:
    slack.faults.server_error("usergroups.users.list")
    assert (await directory.person("U0BOB")).groups == {"lead"}
    assert (await directory.person("U0CAROL")).groups == frozenset()


@pytest.mark.parametrize("fault", ["server_error", "hang", "rate_limit", "lose_answer"])
async def test_without_slack_only_the_settings_count(
    fault: str, directory: SlackDirectory, slack: PracticeSlack
) -> None:
    getattr(slack.faults, fault)()
    bob, carol = await directory.person("U0BOB"), await directory.person("U0CAROL")
    assert (bob.key, bob.groups) == ("bob", frozenset({"lead"}))
    assert (carol.key, carol.groups) == (None, frozenset())


async def test_a_group_is_believed_for_a_minute_and_not_longer(
    directory: SlackDirectory, slack: PracticeSlack, clock: Clock
) -> None:
    await directory.person("U0CAROL")
    slack.faults.server_error("usergroups.users.list")
    clock.now += GROUP_SECONDS - 1
    assert (await directory.person("U0CAROL")).groups == {"dba"}
    clock.now += 2
    assert (await directory.person("U0CAROL")).groups == frozenset()


async def test_who_orders_or_decides_is_looked_up_at_that_moment(
    directory: SlackDirectory, slack: PracticeSlack, clock: Clock
) -> None:
    """Who was taken out of the group, or left, a moment ago approves nothing any more."""
    assert (await directory.person("U0CAROL", afresh=True)).groups == {"dba"}
    clock.now += MOMENT_SECONDS
    slack.faults.server_error("usergroups.users.list")
    assert (await directory.person("U0CAROL")).groups == {"dba"}
    assert (await directory.person("U0CAROL", afresh=True)).groups == frozenset()
    assert len(slack.calls.of("users.info")) == 2


async def test_one_click_asks_slack_once(directory: SlackDirectory, slack: PracticeSlack) -> None:
    await asyncio.gather(*(directory.person("U0BOB", afresh=True) for _ in range(3)))
    assert len(slack.calls.of("usergroups.users.list")) == 1


async def test_many_clicks_ask_slack_once(directory: SlackDirectory, slack: PracticeSlack) -> None:
    for _ in range(5):
        await directory.person("U0BOB")
    assert len(slack.calls.of("usergroups.users.list")) == 1
    assert len(slack.calls.of("users.info")) == 1


async def test_a_name_gives_no_rights(directory: SlackDirectory) -> None:
    """Dave may call himself what he likes."""
    assert all(entry.key != "dave" for entry in ROSTER.people)
    dave = await directory.person("U0DAVE")
    assert dataclasses.replace(dave, name="Bob Baker").groups == frozenset()
