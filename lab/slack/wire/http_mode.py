"""HTTP mode: payloads POSTed to the app's request URL, signed with its signing secret.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from lab.slack.errors import JSON
from lab.slack.wire.delivery import Ack, Envelope, Kind, NotAcknowledged


def signature(secret: str, timestamp: str, body: str) -> str:
    """The value of `X-Slack-Signature`."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def encoded(envelope: Envelope) -> tuple[str, str]:
    """The body and its content type: a form for commands, a form with `payload` for interactions, JSON for events."""
    if envelope.kind is Kind.EVENT:
        return json.dumps(envelope.payload), "application/json"
    fields = envelope.payload if envelope.kind is Kind.COMMAND else {"payload": json.dumps(envelope.payload)}
    return urlencode(fields), "application/x-www-form-urlencoded"


class HttpTransport:
    """Delivers envelopes by HTTP. A status other than 200 counts as not delivered."""

    def __init__(self, request_url: str, signing_secret: str, *, ack_seconds: float) -> None:
        self._request_url = request_url
        self._secret = signing_secret
        self._timeout = aiohttp.ClientTimeout(total=ack_seconds)

    async def deliver(self, envelope: Envelope) -> Ack:
        """Raises NotAcknowledged."""
        body, content_type = encoded(envelope)
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        if envelope.retry_attempt:
            headers |= {
                "X-Slack-Retry-Num": str(envelope.retry_attempt),
                "X-Slack-Retry-Reason": envelope.retry_reason,
            }
        started = time.monotonic()
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(self._request_url, data=body.encode(), headers=headers) as response,
            ):
                text = await response.text()
        except TimeoutError:
            raise NotAcknowledged("operation_timeout", "http_timeout") from None
        except aiohttp.ClientError:
            raise NotAcknowledged("dispatch_failed", "connection_failed") from None
        if response.status != 200:
            raise NotAcknowledged("dispatch_failed", "http_error")
        return Ack((time.monotonic() - started) * 1000, _payload(text))


def _payload(text: str) -> JSON | None:
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return {"text": text}
    return value if isinstance(value, dict) and value else None
