"""The Web API: tokens, scopes, messages, threads, updates, people and groups."""

from __future__ import annotations

import json

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack import PracticePerson, PracticeSlack, default_workspace, workspace_from_manifest
from tests.lab.slack.bolt import JSON, client, refusal, section


async def refused(call: object) -> str:
    with pytest.raises(SlackApiError) as error:
        await call  # type: ignore[misc]
    return str(refusal(error.value)["error"])


async def test_tokens_are_checked(slack: PracticeSlack) -> None:
    assert (await client(slack).auth_test())["bot_id"] == "B0UNDERSTUDY"
    for token, error in (
        (None, "not_authed"),
        ("xoxb-wrong", "invalid_auth"),
        (slack.app_token, "not_allowed_token_type"),
    ):
        anonymous = AsyncWebClient(token, base_url=slack.api_url)
        assert await refused(anonymous.auth_test()) == error


async def test_tokens_are_new_for_every_start() -> None:
    async with PracticeSlack.start() as one, PracticeSlack.start() as two:
        assert one.bot_token.startswith("xoxb-")
        assert one.app_token.startswith("xapp-1-")
        assert {one.bot_token, one.app_token, one.signing_secret}.isdisjoint(
            {two.bot_token, two.app_token, two.signing_secret}
        )


async def test_methods_take_json_forms_and_queries_alike(slack: PracticeSlack) -> None:
    blocks = [section("x")]
    async with aiohttp.ClientSession() as session:
        header = {"Authorization": f"Bearer {slack.bot_token}"}
        as_form = {"token": slack.bot_token, "channel": "C0OPS", "blocks": json.dumps(blocks)}
        ways = (
            {"json": {"channel": "C0OPS", "blocks": blocks}, "headers": header},
            {"data": as_form},
            {"params": as_form},
        )
        for way in ways:
            answer = await session.post(f"{slack.api_url}chat.postMessage", **way)
            assert (await answer.json())["ok"]
        broken = await session.post(
            f"{slack.api_url}chat.postMessage", data="{", headers={**header, "Content-Type": "application/json"}
        )
        assert (await broken.json())["error"] == "invalid_json"
    assert [message["blocks"][0]["text"]["text"] for message in slack.messages("C0OPS")] == ["x", "x", "x"]


async def test_an_unknown_method_is_named(slack: PracticeSlack) -> None:
    with pytest.raises(SlackApiError) as error:
        await client(slack).api_call("chat.shout")
    assert refusal(error.value) == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


async def test_a_method_needs_its_scope() -> None:
    workspace = default_workspace(scopes=["commands", "users:read"])
    async with PracticeSlack.start(workspace=workspace) as slack:
        with pytest.raises(SlackApiError) as error:
            await client(slack).chat_postMessage(channel="C0OPS", text="x")
        body = refusal(error.value)
        assert (body["error"], body["needed"], body["provided"]) == (
            "missing_scope",
            "chat:write",
            "commands,users:read",
        )
        granted = await client(slack).users_info(user="U0ALICE")
        assert granted.headers["x-oauth-scopes"] == "commands,users:read"
        assert "email" not in granted["user"]["profile"]


async def test_the_manifest_says_what_is_granted() -> None:
    manifest = {
        "features": {"slash_commands": [{"command": "/pg", "description": "d", "usage_hint": "u"}]},
        "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
    }
    app = workspace_from_manifest(manifest).app
    assert [(one.command, one.usage_hint) for one in app.commands] == [("/pg", "u")]
    assert app.scopes == ("commands", "chat:write")
    assert app.events == ("app_home_opened",)


async def test_a_thread_counts_its_replies_and_hides_them_from_the_channel(slack: PracticeSlack) -> None:
    web = client(slack)
    parent = await web.chat_postMessage(channel="#ops", text="alert")
    for text in ("one", "two"):
        await web.chat_postMessage(channel="C0OPS", text=text, thread_ts=parent["ts"])
    await web.chat_postMessage(channel="C0OPS", text="three", thread_ts=parent["ts"], reply_broadcast=True)
    assert [message["text"] for message in slack.messages("C0OPS")] == ["alert", "three"]
    assert slack.messages("C0OPS")[0]["reply_count"] == 3
    replies = await web.conversations_replies(channel="C0OPS", ts=parent["ts"], limit=2)
    assert [message["text"] for message in replies["messages"]] == ["alert", "one"]
    rest = await web.conversations_replies(
        channel="C0OPS", ts=parent["ts"], limit=2, cursor=replies["response_metadata"]["next_cursor"]
    )
    assert [message["text"] for message in rest["messages"]] == ["two", "three"]
    assert await refused(web.conversations_replies(channel="C0OPS", ts="1.000000")) == "thread_not_found"


async def test_history_is_newest_first_and_bounded(slack: PracticeSlack) -> None:
    web = client(slack)
    posted = [(await web.chat_postMessage(channel="C0OPS", text=str(number)))["ts"] for number in range(4)]
    history = await web.conversations_history(channel="C0OPS", oldest=posted[0], latest=posted[3], inclusive=False)
    assert [message["text"] for message in history["messages"]] == ["2", "1"]
    assert "channel" not in history["messages"][0]


async def test_an_update_with_text_alone_drops_the_blocks(slack: PracticeSlack) -> None:
    web = client(slack)
    posted = await web.chat_postMessage(channel="C0OPS", text="x", blocks=[section("blocks")])

    async def update(**changes: object) -> JSON:
        await web.api_call("chat.update", json={"channel": "C0OPS", "ts": posted["ts"], **changes})
        return slack.messages("C0OPS")[0]

    with_blocks = await update(text="y", blocks=[section("new")])
    assert with_blocks["blocks"][0]["text"]["text"] == "new"
    assert "edited" not in with_blocks, "Slack marks only changes of text as edited"
    text_only = await update(text="z")
    assert "blocks" not in text_only
    assert text_only["edited"]["user"] == "U0UNDERSTUDY"


async def test_an_update_keeps_attachments_that_it_does_not_name(slack: PracticeSlack) -> None:
    web = client(slack)
    posted = await web.chat_postMessage(channel="C0OPS", text="x", attachments=[{"color": "#a30200", "text": "y"}])
    await web.chat_update(channel="C0OPS", ts=posted["ts"], text="z")
    assert slack.messages("C0OPS")[0]["attachments"][0]["text"] == "y"


async def test_what_cannot_be_changed(slack: PracticeSlack, alice: PracticePerson) -> None:
    web = client(slack)
    hers = alice.say("mine", channel="C0OPS")
    assert await refused(web.chat_update(channel="C0OPS", ts=hers["ts"], text="x")) == "cant_update_message"
    assert await refused(web.chat_delete(channel="C0OPS", ts=hers["ts"])) == "cant_delete_message"
    assert await refused(web.chat_update(channel="C0OPS", ts="1.000000", text="x")) == "message_not_found"
    ephemeral = await web.chat_postEphemeral(channel="C0OPS", user="U0ALICE", text="psst")
    assert await refused(web.chat_update(channel="C0OPS", ts=ephemeral["message_ts"], text="x")) == "message_not_found"
    posted = await web.chat_postMessage(channel="C0OPS", text="x")
    assert await refused(web.chat_update(channel="C0OPS", ts=posted["ts"], text="x" * 4001)) == "msg_too_long"
    await web.chat_delete(channel="C0OPS", ts=posted["ts"])
    assert await refused(web.chat_delete(channel="C0OPS", ts=posted["ts"])) == "message_not_found"
    assert await refused(web.chat_update(channel="U0ALICE", ts=posted["ts"], text="x")) == "channel_not_found"
    orphan = web.chat_postMessage(channel="C0OPS", text="x", thread_ts=posted["ts"])
    assert await refused(orphan) == "thread_not_found"


async def test_where_nothing_can_be_posted(slack: PracticeSlack) -> None:
    web = client(slack)
    assert await refused(web.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
    assert await refused(web.api_call("chat.postMessage", json={"channel": "C0OPS", "text": ""})) == "no_text"
    slack.remove_from_channel("C0GENERAL", "U0DAVE")
    gone = web.chat_postEphemeral(channel="C0GENERAL", user="U0DAVE", text="x")
    assert await refused(gone) == "user_not_in_channel"


async def test_outside_a_channel_the_app_cannot_write_until_it_joins() -> None:
    workspace = default_workspace(scopes=["chat:write", "channels:join", "channels:history"])
    async with PracticeSlack.start(workspace=workspace) as slack:
        web = client(slack)
        slack.remove_from_channel("C0OPS", "U0UNDERSTUDY")
        assert await refused(web.chat_postMessage(channel="C0OPS", text="x")) == "not_in_channel"
        assert await refused(web.conversations_history(channel="C0OPS")) == "not_in_channel"
        await web.conversations_join(channel="C0OPS")
        assert (await web.chat_postMessage(channel="C0OPS", text="x"))["ok"]


async def test_a_very_long_text_is_cut(slack: PracticeSlack) -> None:
    answer = await client(slack).chat_postMessage(channel="C0OPS", text="x" * 40_001)
    assert len(slack.messages("C0OPS")[0]["text"]) == 40_000
    assert answer["response_metadata"]["warnings"] == ["message_truncated"]


async def test_metadata_is_kept_for_who_asks(slack: PracticeSlack) -> None:
    web = client(slack)
    metadata = {"event_type": "alert", "event_payload": {"key": "main"}}
    await web.chat_postMessage(channel="C0OPS", text="x", metadata=metadata)
    plain = await web.conversations_history(channel="C0OPS")
    assert "metadata" not in plain["messages"][0]
    full = await web.conversations_history(channel="C0OPS", include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata


async def test_escapes_and_markup_are_kept_as_sent_and_typed_text_is_escaped(
    slack: PracticeSlack, alice: PracticePerson
) -> None:
    await client(slack).chat_postMessage(channel="C0OPS", text="&lt;!channel&gt; *bold*")
    alice.say("a < b & <!here> @bob see #general", channel="C0OPS")
    assert [message["text"] for message in slack.messages("C0OPS")] == [
        "&lt;!channel&gt; *bold*",
        "a &lt; b &amp; &lt;!here&gt; <@U0BOB> see <#C0GENERAL|general>",
    ]


async def test_direct_messages(slack: PracticeSlack, alice: PracticePerson) -> None:
    web = client(slack)
    opened = await web.conversations_open(users="U0ALICE")
    await web.chat_postMessage(channel="U0ALICE", text="psst")
    assert slack.messages(opened["channel"]["id"])[0]["text"] == "psst"
    assert (await web.conversations_info(channel=opened["channel"]["id"]))["channel"]["is_im"]


async def test_people_and_groups(slack: PracticeSlack) -> None:
    web = client(slack)
    assert (await web.users_info(user="U0CAROL"))["user"]["tz"] == "America/New_York"
    assert await refused(web.users_info(user="U0NOBODY")) == "user_not_found"
    assert (await web.users_lookupByEmail(email="bob@practice.example"))["user"]["id"] == "U0BOB"
    assert await refused(web.users_lookupByEmail(email="eve@practice.example")) == "users_not_found"
    assert len((await web.users_list())["members"]) == 5
    groups = (await web.usergroups_list(include_users=True))["usergroups"]
    assert [(group["id"], group["handle"]) for group in groups] == [("S0DBA", "dba")]
    assert (await web.usergroups_users_list(usergroup="S0DBA"))["users"] == ["U0ALICE", "U0BOB", "U0CAROL"]
    assert await refused(web.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"
    assert (await web.conversations_members(channel="C0OPS", limit=2))["members"] == ["U0ALICE", "U0BOB"]
    assert [one["name"] for one in (await web.conversations_list())["channels"]] == ["ops", "general"]
    assert (await web.team_info())["team"]["name"] == "Practice"


async def test_reactions_and_permalinks(slack: PracticeSlack) -> None:
    web = client(slack)
    ts = (await web.chat_postMessage(channel="C0OPS", text="x"))["ts"]
    await web.reactions_add(channel="C0OPS", timestamp=ts, name="eyes")
    assert slack.messages("C0OPS")[0]["reactions"] == [{"name": "eyes", "users": ["U0UNDERSTUDY"], "count": 1}]
    assert await refused(web.reactions_add(channel="C0OPS", timestamp=ts, name="eyes")) == "already_reacted"
    await web.reactions_remove(channel="C0OPS", timestamp=ts, name="eyes")
    assert await refused(web.reactions_remove(channel="C0OPS", timestamp=ts, name="eyes")) == "no_reaction"
    assert (await web.chat_getPermalink(channel="C0OPS", message_ts=ts))["permalink"].endswith(
        f"p{ts.replace('.', '')}"
    )
