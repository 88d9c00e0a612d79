"""The practice Slack as a whole: its parts put together behind one port on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from lab.slack.api.hooks import Hooks
from lab.slack.api.journal import Journal
from lab.slack.api.rate_limits import RateLimits
from lab.slack.api.web_api import WebApi
from lab.slack.errors import JSON
from lab.slack.faults import Faults
from lab.slack.people.controls import Controls
from lab.slack.people.guard import is_loopback, loopback_only
from lab.slack.people.interactions import Interactions
from lab.slack.people.page import STATIC, Page
from lab.slack.people.person import PracticePerson
from lab.slack.store.state import new_state
from lab.slack.store.tickets import TRIGGER_SECONDS
from lab.slack.wire.delivery import ACK_SECONDS, Delivery, Transport
from lab.slack.wire.happenings import Happenings
from lab.slack.wire.http_mode import HttpTransport
from lab.slack.wire.sockets import Sockets
from lab.slack.workspace import Workspace, default_workspace, new_credentials

_MOST_BODY = 64 * 1024 * 1024


class PracticeSlack:
    """A running practice Slack. Make one with `PracticeSlack.start`."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        controls: Controls | None,
        completions: Mapping[str, Sequence[JSON]],
        request_url: str | None,
        rate_limits: bool,
        ack_seconds: float,
        trigger_seconds: float,
        file_seconds: float,
        speed_up: float,
        journal_size: int,
    ) -> None:
        self.workspace = workspace
        self.faults = Faults()
        self.calls = Journal(journal_size)
        credentials = new_credentials()
        self._state = new_state(workspace, credentials, trigger_seconds=trigger_seconds, file_seconds=file_seconds)
        self.bot_token, self.app_token = credentials.bot_token, credentials.app_token
        self.signing_secret = credentials.signing_secret
        background = self._state.background
        self._sockets = Sockets(workspace.app.id, self.faults, background, ack_seconds=ack_seconds)
        self._sockets.changed = self._state.audience.wake
        transport: Transport = self._sockets
        if request_url is not None:
            transport = HttpTransport(request_url, self.signing_secret, ack_seconds=ack_seconds)
        delivery = Delivery(transport, self.faults, background, speed_up=speed_up)
        self.faults.attach(self._sockets, delivery)
        self._interactions = Interactions(self._state, delivery)
        self._happenings = Happenings(self._state, delivery)
        limits = RateLimits(enabled=rate_limits)
        self._web_api = WebApi(self._state, self._sockets, self.faults, limits, self.calls)
        self._hooks = Hooks(self._state, self.faults, self.calls)
        self._page = Page(self._state, self._interactions, self._happenings, self.faults, controls, completions)

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        workspace: Workspace | None = None,
        controls: Controls | None = None,
        completions: Mapping[str, Sequence[JSON]] | None = None,
        request_url: str | None = None,
        rate_limits: bool = True,
        ack_seconds: float = ACK_SECONDS,
        trigger_seconds: float = TRIGGER_SECONDS,
        file_seconds: float = 0.3,
        speed_up: float = 1.0,
        journal_size: int = 10_000,
    ) -> AsyncIterator[PracticeSlack]:
        """Runs a practice Slack until the `async with` ends.

        host, port: a loopback address; port 0 takes a free one.
        workspace: who and what there is, see `default_workspace` and `workspace_from_manifest`.
        controls: the lab's faults for the page's side panel.
        completions: per command, what the page's composer offers: `{"text": …, "description": …}`.
        request_url: HTTP mode: payloads are POSTed there, signed, instead of going to sockets.
        rate_limits: whether Slack's own rate limits hold.
        ack_seconds, trigger_seconds, file_seconds: Slack's deadlines, and how long it looks at an upload.
        speed_up: divides the pauses between Slack's retries of an event.
        Raises ValueError for a host that is not loopback.
        """
        if not is_loopback(host):
            raise ValueError(f"the practice Slack listens on loopback only, not on {host}")
        slack = cls(
            workspace or default_workspace(),
            controls=controls,
            completions=completions or {},
            request_url=request_url,
            rate_limits=rate_limits,
            ack_seconds=ack_seconds,
            trigger_seconds=trigger_seconds,
            file_seconds=file_seconds,
            speed_up=speed_up,
            journal_size=journal_size,
        )
        async with slack._listening(host, port):
            yield slack

    @property
    def api_url(self) -> str:
        """The base URL for slack_sdk, with the trailing slash that it needs."""
        return f"{self._state.base_url}/api/"

    @property
    def page_url(self) -> str:
        return f"{self._state.base_url}/"

    @property
    def sockets(self) -> int:
        """How many sockets the app holds open."""
        return self._sockets.count

    def person(self, user_id: str) -> PracticePerson:
        user = self.workspace.user(user_id)
        if user is None or user.is_bot:
            known = ", ".join(person.id for person in self.workspace.people)
            raise LookupError(f"no such person: {user_id}; there is: {known}")
        return PracticePerson(user, self._state, self._interactions, self._happenings)

    def messages(self, channel: str, thread_ts: str | None = None) -> list[JSON]:
        """What stands in a channel (without replies) or, with `thread_ts`, in a thread; oldest first."""
        channel_id = self._state.conversations.addressed(channel).id
        if thread_ts is not None:
            return self._state.messages.thread(channel_id, thread_ts)
        return self._state.messages.history(channel_id)

    async def wait_for_message(
        self,
        channel: str,
        predicate: Callable[[JSON], bool] | None = None,
        *,
        timeout: float = 5.0,
        thread_ts: str | None = None,
    ) -> JSON:
        """The first message that satisfies the predicate, which is asked again after every change.

        Raises TimeoutError.
        """
        channel_id = self._state.conversations.addressed(channel).id

        def look() -> JSON | None:
            for message in self._state.messages.all_in(channel_id):
                in_place = thread_ts is None or message.get("thread_ts") == thread_ts != message["ts"]
                if in_place and (predicate is None or predicate(message)):
                    return message
            return None

        return await self._state.audience.until(look, timeout, f"a message in {channel}")

    async def wait_until(self, condition: Callable[[], bool], *, timeout: float = 5.0) -> None:
        """Waits for a condition on anything here (messages, calls, sockets), asked again whenever something happens."""
        await self._state.audience.until(lambda: condition() or None, timeout, "a condition")

    def remove_from_channel(self, channel: str, user_id: str) -> None:
        """Takes a person, or the app, out of a channel."""
        self._state.conversations.leave(self._state.conversations.addressed(channel), user_id)

    @asynccontextmanager
    async def _listening(self, host: str, port: int) -> AsyncIterator[None]:
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            self._locate(host, runner.addresses[0][1])
            self._state.background.start(self._page.watch_controls())
            yield
        finally:
            self._web_api.close()
            self._hooks.close()
            await self._state.background.close()
            await self._sockets.close()
            await self._page.close()
            await runner.cleanup()

    def _locate(self, host: str, port: int) -> None:
        shown = f"[{host}]" if ":" in host else host
        self._state.locate(f"http://{shown}:{port}")
        self._sockets.base_url = self._state.base_url

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[loopback_only], client_max_size=_MOST_BODY)
        application.router.add_route("*", "/api/{method}", self._web_api.handle)
        application.router.add_get("/link/", self._sockets.handle)
        application.router.add_post("/response/{token}", self._hooks.respond)
        application.router.add_post("/upload/v1/{token}", self._hooks.upload)
        application.add_routes(self._page.routes())
        if STATIC.is_dir():
            application.router.add_static("/static/", STATIC)
        return application
