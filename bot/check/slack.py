"""Slack, tried for real: tokens, scopes, channels, user groups."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.check.finding import Finding, Outcome, Unsuccessful, tried
from bot.settings import Settings

TIMEOUT_SECONDS = 10
_MEND_ACCESS = "copy the token again from api.slack.com/apps → your app, and reinstall the app there if it was revoked"


async def check_slack(settings: Settings, wanted_scopes: frozenset[str]) -> list[Finding]:
    """Everything the bot needs of Slack. Without tokens one line says so."""
    slack = settings.slack
    if slack.bot_token is None:
        mend = "set UNDERSTUDY_SLACK__BOT_TOKEN (or a secret file); until then only the terminal works"
        return [Finding("slack", "bot token", Outcome.BROKEN, "there is none", mend)]
    token = slack.bot_token.get_secret_value()
    client = AsyncWebClient(token=token, base_url=slack.api_url, timeout=TIMEOUT_SECONDS)
    findings = [
        await tried("slack", "bot token", lambda: _bot_token(client)),
        await tried("slack", "scopes", lambda: _scopes(client, wanted_scopes)),
    ]
    if findings[0].outcome is not Outcome.WORKS:
        return findings
    if slack.mode == "socket":
        findings.append(await tried("slack", "app token (Socket Mode)", lambda: _socket_mode(settings)))
    elif slack.signing_secret is None:
        mend = "set UNDERSTUDY_SLACK__SIGNING_SECRET: without it Slack's requests cannot be told from anybody's"
        findings.append(Finding("slack", "signing secret (HTTP mode)", Outcome.BROKEN, "there is none", mend))
    for name, cluster in settings.clusters.items():
        findings.append(await tried(f"slack {name}", f"channel {cluster.channel}", _channel(client, cluster.channel)))
    for route in settings.routes:
        if route.channel is not None:
            name = f"slack route {route.name}"
            findings.append(await tried(name, f"channel {route.channel}", _channel(client, route.channel)))
    for key, group in settings.groups.items():
        if group.slack:
            findings.append(await tried(f"slack {key}", f"user group {group.slack}", _group(client, group.slack)))
    for key, person in settings.people.items():
        findings.append(await tried(f"slack {key}", f"person {person.slack}", _person(client, person.slack)))
    return findings


async def _call(call: Awaitable[Any], mends: dict[str, str]) -> Any:
    """The answer of a Web API call, or how to mend the error that Slack names."""
    try:
        return await call
    except SlackApiError as error:
        code = str(error.response.get("error", "unknown_error"))
        raise Unsuccessful(f"Slack says {code}", mends.get(code, mends.get("", _MEND_ACCESS))) from None
    except (SlackClientError, OSError, TimeoutError) as error:
        raise Unsuccessful(
            f"Slack does not answer: {type(error).__name__}", "look at slack.api_url, proxy and firewall"
        ) from None


async def _bot_token(client: AsyncWebClient) -> str:
    answer = await _call(client.auth_test(), {})
    return f"is {answer['user']} in workspace {answer['team']}"


async def _scopes(client: AsyncWebClient, wanted: frozenset[str]) -> str:
    answer = await _call(client.auth_test(), {})
    granted = frozenset(str(answer.headers.get("x-oauth-scopes", "")).replace(" ", "").split(","))
    if missing := sorted(wanted - granted):
        mend = "paste manifest.yml into the app's settings (App Manifest) and reinstall the app"
        raise Unsuccessful(f"missing: {', '.join(missing)}", mend)
    return f"all {len(wanted)} are granted"


async def _socket_mode(settings: Settings) -> str:
    if settings.slack.app_token is None:
        raise Unsuccessful("there is none", "set UNDERSTUDY_SLACK__APP_TOKEN (xapp-…, scope connections:write)")
    token = settings.slack.app_token.get_secret_value()
    client = AsyncWebClient(base_url=settings.slack.api_url, timeout=TIMEOUT_SECONDS)
    mend = "make an app-level token with connections:write and switch Socket Mode on"
    await _call(client.apps_connections_open(app_token=token), {"": mend})
    return "a connection may be opened"


def _channel(client: AsyncWebClient, channel: str) -> Callable[[], Awaitable[str]]:
    async def trial() -> str:
        mend = "correct the id (channel details, at the bottom), and invite the bot if the channel is private"
        answer = await _call(client.conversations_info(channel=channel), {"": mend})
        name = answer["channel"].get("name", channel)
        if not answer["channel"].get("is_member"):
            raise Unsuccessful(f"the bot is not in #{name}", f"/invite it in #{name}", Outcome.WARNING)
        return f"is #{name}, and the bot is in it"

    return trial


def _group(client: AsyncWebClient, group: str) -> Callable[[], Awaitable[str]]:
    async def trial() -> str:
        mend = "correct the id; until then only the people listed in the settings count"
        answer = await _call(client.usergroups_users_list(usergroup=group), {"": mend})
        return f"has {len(answer['users'])} people"

    return trial


def _person(client: AsyncWebClient, user: str) -> Callable[[], Awaitable[str]]:
    async def trial() -> str:
        answer = await _call(client.users_info(user=user), {"": "correct the id (profile, …, Copy member ID)"})
        if answer["user"].get("deleted"):
            raise Unsuccessful("is deactivated", "remove this person from the settings", Outcome.WARNING)
        return f"is {answer['user'].get('real_name') or answer['user'].get('name')}"

    return trial
