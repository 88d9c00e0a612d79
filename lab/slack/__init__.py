"""A practice Slack that speaks Slack's real protocol, for tests and the demo. It is no chat product."""

from lab.slack.api.journal import Call, Journal
from lab.slack.faults import Faults
from lab.slack.manifest import workspace_from_manifest
from lab.slack.people.controls import Controls
from lab.slack.people.interactions import Outcome
from lab.slack.people.person import PracticePerson
from lab.slack.server import PracticeSlack
from lab.slack.workspace import Channel, SlashCommand, User, UserGroup, Workspace, default_workspace

__all__ = [
    "Call",
    "Channel",
    "Controls",
    "Faults",
    "Journal",
    "Outcome",
    "PracticePerson",
    "PracticeSlack",
    "SlashCommand",
    "User",
    "UserGroup",
    "Workspace",
    "default_workspace",
    "workspace_from_manifest",
]
