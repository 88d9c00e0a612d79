"""What describes a Web API method: the function that does it, its token, scopes and rate limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lab.slack.api.arguments import Arguments
from lab.slack.api.rate_limits import Tier
from lab.slack.errors import JSON
from lab.slack.store.state import SlackState


class Token(Enum):
    """Which token a method takes."""

    NONE = "none"
    BOT = "bot"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Method:
    """`run` returns the answer without `ok`, or raises SlackError. One of `scopes` is enough, if there are any."""

    run: Callable[[SlackState, Arguments], JSON]
    scopes: tuple[str, ...] = ()
    tier: Tier = Tier.TIER_3
    token: Token = Token.BOT
