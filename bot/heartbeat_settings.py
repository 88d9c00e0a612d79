"""The settings of the heartbeat, a row of our own in a database of the cluster: [clusters.NAME.heartbeat]."""

from typing import Annotated

from pydantic import StringConstraints

from bot.settings_types import Seconds, Section
from servers.drilling import HeartbeatPlace


class HeartbeatSettings(Section):
    """Off unless a database is named: it writes into the live cluster."""

    database: Annotated[str, StringConstraints(pattern=r"^[\w$-]{1,63}$")]
    every: Seconds = 5.0


def heartbeat_place(section: HeartbeatSettings) -> HeartbeatPlace:
    """The same as servers know it."""
    return HeartbeatPlace(section.database, section.every)
