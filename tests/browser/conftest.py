"""A real browser in front of the practice Slack."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from lab.stage import Stage, open_stage
from lab.world import LabOptions

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The sandbox cannot be had as root; the others keep Chromium from calling its maker.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    assert found is not None, "no Chromium: run .ci/install-packages chromium (make test does)"
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        try:
            yield started
        finally:
            await started.close()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(LabOptions()) as opened:
        yield opened


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: a directory of the test's, or the one that `make pictures` names."""
    directory = Path(os.environ.get("PICTURES_DIRECTORY") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    return directory
