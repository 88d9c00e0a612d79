"""The plots of a page as files in Slack, ready to be shown in its blocks.

A file is uploaded without a channel, which shows it nowhere; Slack looks at it after the upload, and an image block may
name it only once that is done (https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object). What
does not work out in time is shown as a sparkline.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.plots.plotter import Plotter
from bot.slack.outcome import SLACK_FAILURES
from ledger.page import Page, Plot

UPLOAD_SECONDS = 6.0  # for all pictures of a page, where somebody waits for them
LOOK_EVERY = 0.2  # seconds between two questions whether Slack has looked at it
REMEMBERED = 200  # pictures; a card is drawn anew with the same plot again and again

Images = Mapping[Plot, str]  # the file's id
NO_IMAGES: Images = {}

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Pictures:
    """Used by one event loop."""

    client: AsyncWebClient
    plotter: Plotter
    _known: OrderedDict[Plot, str] = field(default_factory=OrderedDict)

    async def of(self, page: Page, within: float = UPLOAD_SECONDS) -> Images:
        """The file of each plot that could be made ready within so many seconds. Never raises for what Slack does."""
        plots = tuple(dict.fromkeys(part for part in page.parts if isinstance(part, Plot)))
        if not plots:
            return NO_IMAGES
        ready = {plot: self._known[plot] for plot in plots if plot in self._known}
        missing = [plot for plot in plots if plot not in ready]
        async with asyncio.TaskGroup() as group:
            tasks = {plot: group.create_task(self._in_time(plot, within)) for plot in missing}
        for plot, task in tasks.items():
            if (file := task.result()) is not None:
                ready[plot] = self._known[plot] = file
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return ready

    async def _in_time(self, plot: Plot, within: float) -> str | None:
        try:
            async with asyncio.timeout(within):
                return await self._upload(plot)
        except SLACK_FAILURES as error:
            log.warning("pictures.not_uploaded", error=type(error).__name__)
            return None

    async def _upload(self, plot: Plot) -> str | None:
        png = await self.plotter.png(plot)
        if png is None:
            return None
        uploaded = await self.client.files_upload_v2(filename="plot.png", title=plot.title or "Plot", file=png)
        file = str(uploaded["file"]["id"])
        while True:
            known = await self.client.files_info(file=file)
            if known["file"].get("mimetype"):
                return file
            await asyncio.sleep(LOOK_EVERY)
