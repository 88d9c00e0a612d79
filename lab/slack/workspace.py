"""The practice workspace as plain values: its team, people, groups, channels and the one app installed in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

# Bot scopes that any method here may ask for; the default grant when neither scopes nor a manifest are given.
ALL_BOT_SCOPES: tuple[str, ...] = (
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)


@dataclass(frozen=True, slots=True)
class Team:
    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class User:
    """`team_id`: the workspace of somebody who shares a channel from elsewhere (Slack Connect)."""

    id: str
    name: str
    real_name: str
    tz: str = "UTC"
    tz_offset: int = 0  # seconds east of UTC, as in Slack's user object
    is_bot: bool = False
    deleted: bool = False
    team_id: str | None = None

    @property
    def email(self) -> str:
        return f"{self.name}@practice.example"


@dataclass(frozen=True, slots=True)
class UserGroup:
    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    topic: str = ""
    members: tuple[str, ...] = ()
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class SlashCommand:
    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """Tokens and secrets in Slack's shape, made anew for every start so that none is ever a constant."""

    bot_token: str
    app_token: str
    signing_secret: str
    verification_token: str


@dataclass(frozen=True, slots=True)
class App:
    id: str
    name: str
    bot_user_id: str
    bot_id: str
    commands: tuple[SlashCommand, ...]
    scopes: tuple[str, ...] = ALL_BOT_SCOPES
    events: tuple[str, ...] = ("app_home_opened", "app_mention")


@dataclass(frozen=True, slots=True)
class Workspace:
    team: Team
    users: tuple[User, ...]
    user_groups: tuple[UserGroup, ...]
    channels: tuple[Channel, ...]
    app: App

    def user(self, user_id: str) -> User | None:
        return next((user for user in self.users if user.id == user_id), None)

    def command(self, name: str) -> SlashCommand | None:
        return next((command for command in self.app.commands if command.command == name), None)

    @property
    def people(self) -> tuple[User, ...]:
        return tuple(user for user in self.users if not user.is_bot)


def new_credentials() -> Credentials:
    """Random credentials shaped like Slack's own (`xoxb-…`, `xapp-1-…`, 32 hexadecimal digits)."""
    number = secrets.randbelow(10**12)
    return Credentials(
        bot_token=f"xoxb-{number:012d}-{secrets.randbelow(10**13):013d}-{secrets.token_urlsafe(18)}",
        app_token=f"xapp-1-A0UNDERSTUDY-{secrets.randbelow(10**13):013d}-{secrets.token_hex(32)}",
        signing_secret=secrets.token_hex(16),
        verification_token=secrets.token_urlsafe(18),
    )


def default_workspace(
    *,
    commands: Iterable[SlashCommand] | None = None,
    scopes: Iterable[str] | None = None,
    events: Iterable[str] | None = None,
) -> Workspace:
    """The workspace of the demo: Alice, Bob and Carol are in @dba, Dave has no rights; #ops and #general."""
    bot = User("U0UNDERSTUDY", "understudy", "Understudy", is_bot=True)
    people = (
        User("U0ALICE", "alice", "Alice Archer", tz="Europe/London"),
        User("U0BOB", "bob", "Bob Baker", tz="Europe/Berlin", tz_offset=3600),
        User("U0CAROL", "carol", "Carol Chen", tz="America/New_York", tz_offset=-18000),
        User("U0DAVE", "dave", "Dave Dunn", tz="Europe/London"),
    )
    everyone = (*(person.id for person in people), bot.id)
    app = App(
        id="A0UNDERSTUDY",
        name="Understudy",
        bot_user_id=bot.id,
        bot_id="B0UNDERSTUDY",
        commands=(SlashCommand("/ha", "Look after the PostgreSQL pairs", "status | promote | restore | help"),)
        if commands is None
        else tuple(commands),
        scopes=ALL_BOT_SCOPES if scopes is None else tuple(scopes),
        events=("app_home_opened", "app_mention") if events is None else tuple(events),
    )
    return Workspace(
        team=Team("T0PRACTICE", "Practice", "practice"),
        users=(*people, bot),
        user_groups=(UserGroup("S0DBA", "dba", "Database on call", ("U0ALICE", "U0BOB", "U0CAROL")),),
        channels=(
            Channel("C0OPS", "ops", "What the databases are doing", everyone),
            Channel("C0GENERAL", "general", "Everything else", everyone),
        ),
        app=app,
    )
