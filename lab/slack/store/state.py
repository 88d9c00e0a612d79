"""Everything the practice Slack knows, in one place for the parts that read and change it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from lab.slack.background import Background
from lab.slack.people.audience import Audience
from lab.slack.store.clock import Timestamps
from lab.slack.store.conversations import Conversations
from lab.slack.store.files import Files
from lab.slack.store.messages import Messages
from lab.slack.store.tickets import ResponseUrls, Triggers
from lab.slack.store.views import Views
from lab.slack.workspace import Credentials, Workspace


@dataclass(slots=True)
class SlackState:
    workspace: Workspace
    credentials: Credentials
    audience: Audience
    timestamps: Timestamps
    conversations: Conversations
    messages: Messages
    views: Views
    files: Files
    triggers: Triggers
    response_urls: ResponseUrls
    background: Background = field(default_factory=Background)
    notices: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    base_url: str = ""

    def locate(self, base_url: str) -> None:
        """Tells every part under which address it is reached, once the port is known."""
        self.base_url = base_url
        self.files.base_url = base_url
        self.response_urls.base_url = base_url

    def notice(self, user_id: str, text: str) -> None:
        """Shows a person what Slack itself would say, such as a command that failed."""
        self.notices[user_id].append(text)
        self.audience.publish({"type": "notice", "text": text}, user_id=user_id)


def new_state(
    workspace: Workspace, credentials: Credentials, *, trigger_seconds: float, file_seconds: float
) -> SlackState:
    audience, timestamps, files = Audience(), Timestamps(), Files(processing=file_seconds)
    return SlackState(
        workspace=workspace,
        credentials=credentials,
        audience=audience,
        timestamps=timestamps,
        conversations=Conversations(workspace),
        messages=Messages(audience, timestamps),
        views=Views(workspace, audience, timestamps, files.is_usable),
        files=files,
        triggers=Triggers(lifetime=trigger_seconds),
        response_urls=ResponseUrls(),
    )
