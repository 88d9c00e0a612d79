"""The whole practice world together: a PostgreSQL pair, a practice Slack, and the bot between them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.bot_process import BotProcess
from lab.ports import free_port
from lab.slack import PracticeSlack
from lab.world import Lab, LabOptions

CLUSTER_CHANNEL = "C0OPS"

# What the page's composer offers after "/ha ".
COMPLETIONS = (
    {"text": "status", "description": "The pair at a glance"},
    {"text": "promote shop db2", "description": "Switch over, or fail over"},
    {"text": "promote shop --dry-run", "description": "Only show what would be done"},
    {"text": "rejoin shop db1", "description": "Bring an old primary back as a standby"},
    {"text": "restart shop db2", "description": "Stop and start one server"},
    {"text": "reload shop", "description": "Read the configuration files again"},
    {"text": "operations", "description": "What runs and what ran"},
    {"text": "maintenance on shop for 1h practice", "description": "People are at work"},
    {"text": "access", "description": "Who may do what, and why"},
    {"text": "alerts", "description": "Open alerts"},
    {"text": "audit 10", "description": "The last records of the audit log"},
    {"text": "restore shop", "description": "To which moments one can restore"},
    {"text": "restore shop --to 1 minute ago", "description": "That moment beside, read-only"},
    {"text": "help", "description": "Every command"},
)


Beside = Callable[[Lab], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def _nothing_beside(lab: Lab) -> AsyncIterator[str]:
    yield ""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything is up: the bot is connected to the practice Slack and watches the pair."""

    lab: Lab
    slack: PracticeSlack
    bot: BotProcess
    settings: Path


@asynccontextmanager
async def open_stage(
    options: LabOptions,
    *,
    slack_port: int = 0,
    edit: Callable[[str], str] = lambda settings: settings,
    beside: Beside = _nothing_beside,
    progress: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Stage]:
    """The stage, until the block ends; then everything is stopped, the bot first.

    `edit` may change the text of the bot's settings file; `beside` starts what stands beside the pair, and yields what
    the settings say of it. Raises what the lab, the practice Slack or the bot raise
    when they cannot start.
    """
    progress("Starting a PostgreSQL primary and its standby")
    async with Lab.start(options) as lab:
        progress("Starting the practice Slack")
        async with (
            PracticeSlack.start(port=slack_port, controls=lab.controls(), completions={"/ha": COMPLETIONS}) as slack,
            beside(lab) as more,
        ):
            progress("Starting the bot")
            bot = _bot(lab, slack, lambda settings: edit(settings + more))
            try:
                await bot.start()
                yield Stage(lab, slack, bot, lab.directory / "bot" / "understudy.toml")
            finally:
                await bot.stop()


def _bot(lab: Lab, slack: PracticeSlack, edit: Callable[[str], str]) -> BotProcess:
    directory = lab.directory / "bot"
    port = free_port()
    settings = lab.write_settings(directory, slack.api_url, f'[http]\nhost = "127.0.0.1"\nport = {port}\n')
    settings.write_text(edit(settings.read_text(encoding="utf-8")), encoding="utf-8")
    environment = {
        **lab.environment(),
        "UNDERSTUDY_SLACK__BOT_TOKEN": slack.bot_token,
        "UNDERSTUDY_SLACK__APP_TOKEN": slack.app_token,
    }
    return BotProcess(settings, environment, port, directory / "bot.log")
