"""Channels and direct messages, and who is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lab.slack.errors import JSON, SlackError
from lab.slack.workspace import Channel, Workspace


class Conversations:
    """The workspace's channels plus direct messages opened since the start."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._channels = {channel.id: channel for channel in workspace.channels}
        self._direct: dict[str, str] = {}  # person → id of their direct messages with the app

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def get(self, channel_id: str) -> Channel:
        """Raises SlackError `channel_not_found`."""
        if channel_id not in self._channels:
            raise SlackError("channel_not_found")
        return self._channels[channel_id]

    def addressed(self, reference: str) -> Channel:
        """A channel by id or by name (`ops`, `#ops`), or a person's direct messages by the person's id.

        Raises SlackError `channel_not_found`.
        """
        if reference in self._channels:
            return self._channels[reference]
        if self._workspace.user(reference) is not None:
            return self.direct(reference)
        name = reference.removeprefix("#")
        for channel in self._channels.values():
            if name and channel.name == name:
                return channel
        raise SlackError("channel_not_found")

    def direct(self, user_id: str) -> Channel:
        """The direct messages between the app and this person, opened if need be."""
        if self._workspace.user(user_id) is None:
            raise SlackError("user_not_found")
        if user_id not in self._direct:
            app = self._workspace.app
            channel = Channel(f"D{user_id.removeprefix('U')}", "", members=(user_id, app.bot_user_id), is_private=True)
            self._channels[channel.id] = channel
            self._direct[user_id] = channel.id
        return self._channels[self._direct[user_id]]

    def is_direct(self, channel: Channel) -> bool:
        return channel.id in self._direct.values()

    def visible_to(self, user_id: str) -> list[Channel]:
        return [channel for channel in self if not channel.is_private or user_id in channel.members]

    def join(self, channel: Channel, user_id: str) -> Channel:
        if user_id not in channel.members:
            channel = replace(channel, members=(*channel.members, user_id))
            self._channels[channel.id] = channel
        return channel

    def leave(self, channel: Channel, user_id: str) -> Channel:
        channel = replace(channel, members=tuple(member for member in channel.members if member != user_id))
        self._channels[channel.id] = channel
        return channel

    def as_json(self, channel: Channel) -> JSON:
        """Slack's conversation object, as far as an app reads it."""
        direct = self.is_direct(channel)
        shown: JSON = {
            "id": channel.id,
            "created": 1700000000,
            "is_channel": not channel.is_private,
            "is_group": channel.is_private and not direct,
            "is_im": direct,
            "is_mpim": False,
            "is_private": channel.is_private,
            "is_archived": False,
            "context_team_id": self._workspace.team.id,
            "is_member": self._workspace.app.bot_user_id in channel.members,
        }
        if direct:
            return shown | {"user": channel.members[0]}
        return shown | {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_general": channel.name == "general",
            "topic": {"value": channel.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "num_members": len(channel.members),
        }
