"""Uploads in three steps as slack_sdk does them, and the image block that shows one."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from lab.slack import PracticeSlack
from tests.lab.slack.bolt import JSON, client, refusal

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


def image(file_id: str) -> JSON:
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": "replay lag"}


async def test_an_upload_can_be_shown_in_an_image_block_once_it_is_processed() -> None:
    async with PracticeSlack.start(file_seconds=0.6) as slack:
        web = client(slack)
        uploaded = await web.files_upload_v2(file=PNG, filename="lag.png", title="Lag")
        file_id = uploaded["file"]["id"]
        with pytest.raises(SlackApiError) as refused:
            await web.chat_postMessage(channel="C0OPS", text="plot", blocks=[image(file_id)])
        assert refusal(refused.value)["error"] == "invalid_blocks"
        assert "invalid slack file [json-pointer:/blocks/0/slack_file]" in refusal(refused.value)["errors"]
        assert (await web.files_info(file=file_id))["file"]["mimetype"] == ""

        async with asyncio.timeout(5):
            while not (await web.files_info(file=file_id))["file"]["mimetype"]:
                await asyncio.sleep(0.05)  # Slack says nothing when it is done: one asks again
        await web.chat_postMessage(channel="C0OPS", text="plot", blocks=[image(file_id)])
        shown = (await web.files_info(file=file_id))["file"]
        async with aiohttp.ClientSession() as session, session.get(shown["url_private"]) as answer:
            assert (await answer.read(), answer.content_type) == (PNG, "image/png")


async def test_an_upload_shared_in_a_thread_appears_there_a_little_later(slack: PracticeSlack) -> None:
    web = client(slack)
    parent = await web.chat_postMessage(channel="C0OPS", text="alert")
    await web.files_upload_v2(
        content="log", filename="log.txt", channel="C0OPS", thread_ts=parent["ts"], initial_comment="the log"
    )
    shared = await slack.wait_for_message("C0OPS", lambda message: "files" in message, thread_ts=parent["ts"])
    assert shared["text"] == "the log"
    assert (shared["files"][0]["name"], shared["files"][0]["size"]) == ("log.txt", 3)


async def test_only_images_go_into_image_blocks(slack: PracticeSlack) -> None:
    web = client(slack)
    uploaded = await web.files_upload_v2(content="log", filename="log.txt", channel="C0OPS")
    await slack.wait_for_message("C0OPS", lambda message: "files" in message)
    with pytest.raises(SlackApiError) as refused:
        await web.chat_postMessage(channel="C0OPS", text="x", blocks=[image(uploaded["file"]["id"])])
    assert refusal(refused.value)["error"] == "invalid_blocks"


async def test_an_upload_without_bytes_is_never_complete(slack: PracticeSlack) -> None:
    web = client(slack)
    started = await web.files_getUploadURLExternal(filename="lag.png", length=10)
    with pytest.raises(SlackApiError) as refused:
        await web.files_completeUploadExternal(files=[{"id": started["file_id"], "title": "Lag"}])
    assert refusal(refused.value)["error"] == "file_not_found"


async def test_a_text_file_is_never_served_as_a_page(slack: PracticeSlack) -> None:
    web = client(slack)
    uploaded = await web.files_upload_v2(content="<script>alert(1)</script>", filename="x.html")
    url = (await web.files_info(file=uploaded["file"]["id"]))["file"]["url_private"]
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
