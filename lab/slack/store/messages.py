"""The messages of the workspace. A message is Slack's own JSON object; a change replaces it and never alters it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.slack.errors import JSON, SlackError
from lab.slack.people.audience import Audience
from lab.slack.store.clock import Timestamps

# Tells the app of what happened to a message in a channel: subtype ("" for a new one), message, previous message.
Observer = Callable[[str, JSON, JSON | None], None]


class Messages:
    """Everything posted, by channel and `ts`; ephemeral messages apart, by the one person who sees them."""

    def __init__(self, audience: Audience, timestamps: Timestamps) -> None:
        self._audience = audience
        self._timestamps = timestamps
        self._posted: dict[str, dict[str, JSON]] = {}
        self._ephemeral: dict[str, dict[str, JSON]] = {}
        self.observer: Observer = lambda _subtype, _message, _previous: None

    def post(self, message: JSON) -> JSON:
        """Adds a message (with its `channel`), gives it a `ts`, and counts it in its thread's parent."""
        message = {"type": "message", **message, "ts": self._timestamps.next()}
        channel, parent_ts = message["channel"], message.get("thread_ts")
        self._posted.setdefault(channel, {})[message["ts"]] = message
        self._audience.publish({"type": "message", "message": page_form(message)})
        if parent_ts:
            self._count_replies(channel, parent_ts)
        self.observer("", message, None)
        return message

    def find(self, channel: str, ts: str) -> JSON:
        """Raises SlackError `message_not_found`, for ephemeral messages too, as Slack does."""
        try:
            return self._posted[channel][ts]
        except KeyError:
            raise SlackError("message_not_found") from None

    def replace(self, message: JSON, *, quietly: bool = False) -> JSON:
        """Puts a changed message in the place of the one with its `ts`; `quietly` tells pages but not the app."""
        previous = self.find(message["channel"], message["ts"])
        self._posted[message["channel"]][message["ts"]] = message
        self._audience.publish({"type": "message_changed", "message": page_form(message)})
        if not quietly:
            self.observer("message_changed", message, previous)
        return message

    def delete(self, channel: str, ts: str) -> None:
        previous = self.find(channel, ts)
        del self._posted[channel][ts]
        self._audience.publish({"type": "message_deleted", "channel": channel, "ts": ts})
        parent_ts = previous.get("thread_ts")
        if parent_ts and parent_ts != ts:
            self._count_replies(channel, parent_ts)
        self.observer("message_deleted", previous, previous)

    def post_ephemeral(self, message: JSON, user_id: str) -> JSON:
        message = {"type": "message", **message, "ts": self._timestamps.next(), "ephemeral": True}
        self._ephemeral.setdefault(user_id, {})[message["ts"]] = message
        self._audience.publish({"type": "message", "message": page_form(message)}, user_id=user_id)
        return message

    def replace_ephemeral(self, message: JSON, user_id: str) -> None:
        self._ephemeral.setdefault(user_id, {})[message["ts"]] = message
        self._audience.publish({"type": "message_changed", "message": page_form(message)}, user_id=user_id)

    def delete_ephemeral(self, channel: str, ts: str, user_id: str) -> None:
        self._ephemeral.get(user_id, {}).pop(ts, None)
        self._audience.publish({"type": "message_deleted", "channel": channel, "ts": ts}, user_id=user_id)

    def ephemerals(self, user_id: str, channel: str | None = None) -> list[JSON]:
        seen = self._ephemeral.get(user_id, {}).values()
        return [message for message in seen if channel in (None, message["channel"])]

    def ephemeral(self, user_id: str, ts: str) -> JSON | None:
        return self._ephemeral.get(user_id, {}).get(ts)

    def all_in(self, channel: str) -> list[JSON]:
        """Every message of the channel, replies included, oldest first."""
        return list(self._posted.get(channel, {}).values())

    def history(self, channel: str) -> list[JSON]:
        """What the channel itself shows, oldest first: no replies unless they were broadcast."""
        return [message for message in self.all_in(channel) if not is_hidden_reply(message)]

    def thread(self, channel: str, thread_ts: str) -> list[JSON]:
        """The parent and its replies, oldest first; SlackError `thread_not_found` if there is no such message."""
        found = list(self._in_thread(channel, thread_ts))
        if not found:
            raise SlackError("thread_not_found")
        return found

    def _in_thread(self, channel: str, thread_ts: str) -> Iterator[JSON]:
        for message in self.all_in(channel):
            if thread_ts in (message["ts"], message.get("thread_ts")):
                yield message

    def _count_replies(self, channel: str, parent_ts: str) -> None:
        parent = self._posted.get(channel, {}).get(parent_ts)
        if parent is None:
            return
        replies = [message for message in self._in_thread(channel, parent_ts) if message["ts"] != parent_ts]
        counted = {name: value for name, value in parent.items() if not name.startswith(("reply_", "latest_"))}
        counted |= {"thread_ts": parent_ts, "reply_count": len(replies)}
        if replies:
            counted |= {
                "latest_reply": replies[-1]["ts"],
                "reply_users": list(dict.fromkeys(str(reply["user"]) for reply in replies)),
            }
        self.replace(counted, quietly=True)


def is_hidden_reply(message: JSON) -> bool:
    is_reply = message.get("thread_ts") not in (None, message["ts"])
    return is_reply and message.get("subtype") != "thread_broadcast"


def api_form(message: JSON, *, with_metadata: bool = False) -> JSON:
    """The message as Slack's Web API returns it: without the channel, which stands beside it."""
    hidden = {"channel", "ephemeral"} | (set() if with_metadata else {"metadata"})
    return {name: value for name, value in message.items() if name not in hidden}


def page_form(message: JSON) -> JSON:
    """The message as the practice page shows it: with its channel, and a list of blocks even when there are none."""
    return {"blocks": [], **{name: value for name, value in message.items() if name != "metadata"}}
