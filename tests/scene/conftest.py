"""The stage for the scenes: a real pair, the practice Slack, and the bot as a process of its own."""

from collections.abc import AsyncIterator

import pytest

from lab.stage import Stage, open_stage
from lab.world import LabOptions


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(LabOptions()) as opened:
        yield opened
