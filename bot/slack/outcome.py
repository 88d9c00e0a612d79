"""What became of a call to Slack, judged from how it ended. Pure."""

from dataclasses import dataclass
from enum import Enum

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

# Whatever a call to Slack raises for reasons that lie outside of this program.
SLACK_FAILURES = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)


class Fate(Enum):
    RATE_LIMITED = "rate limited"  # nothing was done; Slack says when to come again
    NOT_SENT = "not sent"  # Slack was not reached: nothing was done
    UNKNOWN = "unknown"  # it may have been done, only the answer is missing
    BAD_CONTENT = "bad content"  # Slack does not take these blocks or this text
    NO_CHANNEL = "no channel"  # not a member, or no such channel
    NO_MESSAGE = "no message"  # what was to be changed or replied to is gone
    NO_ACCESS = "no access"  # the token, or what it may do
    REFUSED = "refused"  # any other clear no


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call failed. `error` is Slack's error code, or what happened on the way."""

    fate: Fate
    error: str
    retry_after: float = 0.0


# Error codes: https://docs.slack.dev/reference/methods/chat.postMessage#errors
_FATES = {
    Fate.BAD_CONTENT: (
        "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text",
        "invalid_arguments", "invalid_attachments", "too_many_attachments", "attachment_payload_limit_exceeded",
    ),
    Fate.NO_CHANNEL: ("not_in_channel", "channel_not_found"),
    Fate.NO_MESSAGE: (
        "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message",
    ),
    Fate.NO_ACCESS: (
        "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope",
        "no_permission", "org_login_required", "ekm_access_denied", "not_allowed_token_type",
    ),
    # Slack says of these that part of what was asked may have been done.
    Fate.UNKNOWN: ("fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"),
    Fate.RATE_LIMITED: ("ratelimited", "rate_limited", "message_limit_exceeded"),
}  # fmt: skip
_FATE_OF = {code: fate for fate, codes in _FATES.items() for code in codes}
_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def ending_of(error: Exception) -> Ending:
    """How this call failed. An error that no call to Slack raises is raised again."""
    if isinstance(error, SlackApiError):
        return _answered(error)
    if isinstance(error, _NEVER_LEFT):
        return Ending(Fate.NOT_SENT, f"Slack cannot be reached ({type(error).__name__})")
    if isinstance(error, aiohttp.ClientError | OSError):
        return Ending(Fate.UNKNOWN, f"no answer from Slack ({type(error).__name__})")
    raise error


def _answered(error: SlackApiError) -> Ending:
    response = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    headers = getattr(response, "headers", None) or {}
    if status == 429:
        return Ending(Fate.RATE_LIMITED, "rate limited", _retry_after(headers))
    data = getattr(response, "data", None)
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    if not code:
        return Ending(Fate.UNKNOWN, f"Slack answered with status {status} and no result")
    return Ending(_FATE_OF.get(code, Fate.REFUSED), code, _retry_after(headers))


def _retry_after(headers: object) -> float:
    get = getattr(headers, "get", None)
    value = get("Retry-After") if get else None
    try:
        return max(1.0, float(value)) if value is not None else 1.0
    except ValueError:
        return 1.0
