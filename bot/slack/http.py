"""HTTP mode: Slack's requests by Slack's own path, each with its signature verified before anything is read."""

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

PATH = "/slack/events"


def slack_routes(app: AsyncApp) -> tuple[web.RouteDef, ...]:
    """What to mount on the HTTP server. The app must have a signing secret."""

    async def handle(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    return (web.post(PATH, handle),)
