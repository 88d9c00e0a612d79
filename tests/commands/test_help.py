"""`/ha help` has every command, also where a message holds only so much."""

from bot.slack.draw import draw
from commands.registry import COMMANDS
from tests.commands.conftest import Scene


async def test_slack_shows_every_command(scene: Scene) -> None:
    page = (await scene.dispatcher.ask(scene.asks("stranger", "help"))).page
    drawn = draw(page)
    assert drawn.rest is None
    for command in COMMANDS:
        assert f"/ha {command.usage}" in str(drawn.blocks), command.name
