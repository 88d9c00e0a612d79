"""The part of the settings about Slack: how it is reached, and which tokens that takes."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import SecretStr

from bot.settings_mistakes import PREFIX, Mistake
from bot.settings_types import Section


class SlackSettings(Section):
    mode: Literal["socket", "http"] = "socket"
    api_url: str = "https://slack.com/api/"
    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None


def mistakes_in_tokens(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the bot lacks of Slack's secrets, in the raw settings. The terminal does without."""
    slack = raw.get("slack")
    section: Mapping[str, Any] = slack if isinstance(slack, Mapping) else {}
    second = "signing_secret" if section.get("mode") == "http" else "app_token"
    for name in ("bot_token", second):
        if not section.get(name):
            right = f"set {PREFIX}SLACK__{name.upper()}, or write it into a secret file"
            yield Mistake(f"slack.{name}", "is missing", right)
