"""A practice Slack for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab.slack import PracticePerson, PracticeSlack


@pytest.fixture
async def slack() -> AsyncIterator[PracticeSlack]:
    async with PracticeSlack.start(speed_up=50, file_seconds=0.05) as running:
        yield running


@pytest.fixture
def alice(slack: PracticeSlack) -> PracticePerson:
    return slack.person("U0ALICE")


@pytest.fixture
def bob(slack: PracticeSlack) -> PracticePerson:
    return slack.person("U0BOB")
