"""The Web API over HTTP: token, rate limit, scope, the method itself, and the faults that are in force.

https://docs.slack.dev/apis/web-api
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping

from aiohttp import web

from lab.slack.api import chat, directory, files, views
from lab.slack.api.arguments import Arguments, journal_form, read_arguments
from lab.slack.api.faulty import ERROR_PAGE, Answer, arrives, refused
from lab.slack.api.journal import Call, Journal
from lab.slack.api.method import Method, Token
from lab.slack.api.rate_limits import RateLimits, Tier
from lab.slack.errors import SlackError
from lab.slack.faults import Faults
from lab.slack.store.state import SlackState
from lab.slack.wire.sockets import Sockets


class WebApi:
    def __init__(
        self, state: SlackState, sockets: Sockets, faults: Faults, limits: RateLimits, journal: Journal
    ) -> None:
        self._state = state
        self._faults = faults
        self._limits = limits
        self._journal = journal
        self._closing = asyncio.Event()
        self._methods: Mapping[str, Method] = {
            **chat.METHODS,
            **files.METHODS,
            **views.METHODS,
            **directory.METHODS,
            "apps.connections.open": Method(
                lambda _state, _arguments: {"url": sockets.ticket_url()}, (), Tier.TIER_3, Token.APP
            ),
        }

    def close(self) -> None:
        """Lets go of the callers that a fault keeps waiting."""
        self._closing.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name, came_at = request.match_info["method"], time.monotonic()
        fault = self._faults.take(name)
        try:
            values, token = await read_arguments(request)
        except SlackError as refusal:
            return web.json_response(refusal.answer())
        answer = refused(fault) or self._answer(name, Arguments(values), token)
        seen = await arrives(fault, request, self._closing)
        call = Call(
            method=name,
            arguments=journal_form(values),
            at=came_at,
            answered_at=time.monotonic(),
            status=answer.status,
            answer=answer.body if seen else None,
            fault=fault.kind.value if fault else None,
        )
        self._journal.add(call)
        self._state.audience.wake()
        return self._response(name, answer)

    def _answer(self, name: str, arguments: Arguments, token: str | None) -> Answer:
        method = self._methods.get(name)
        try:
            if method is None:
                raise SlackError("unknown_method", extra={"req_method": name})
            self._check_token(method, token)
            wait = self._limits.retry_after(name, method.tier, arguments.text("channel"))
            if wait is not None:
                return Answer({"ok": False, "error": "ratelimited"}, 429, retry_after=wait)
            self._check_scope(method)
            return Answer({"ok": True, **method.run(self._state, arguments)})
        except SlackError as refusal:
            return Answer(refusal.answer())

    def _check_token(self, method: Method, token: str | None) -> None:
        if method.token is Token.NONE:
            return
        known = self._state.credentials
        if token is None:
            raise SlackError("not_authed")
        if token not in (known.bot_token, known.app_token):
            raise SlackError("invalid_auth")
        if token != (known.app_token if method.token is Token.APP else known.bot_token):
            raise SlackError("not_allowed_token_type")

    def _check_scope(self, method: Method) -> None:
        granted = self._state.workspace.app.scopes
        if method.scopes and not set(method.scopes) & set(granted):
            needed = {"needed": ",".join(method.scopes), "provided": ",".join(granted)}
            raise SlackError("missing_scope", extra=needed)

    def _response(self, name: str, answer: Answer) -> web.Response:
        if answer.body is None:
            return web.Response(status=answer.status, text=ERROR_PAGE, content_type="text/html")
        method = self._methods.get(name)
        token = method.token if method else Token.NONE
        scopes = ("connections:write",) if token is Token.APP else self._state.workspace.app.scopes
        headers = {
            "x-oauth-scopes": ",".join(scopes),
            "x-accepted-oauth-scopes": ",".join(method.scopes if method else ()),
        }
        if answer.retry_after is not None:
            headers["Retry-After"] = str(answer.retry_after)
        return web.json_response(
            answer.body, status=answer.status, headers=headers, dumps=lambda body: json.dumps(body, ensure_ascii=False)
        )
