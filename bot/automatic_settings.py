"""The settings of what Understudy may do of its own accord: [clusters.NAME.automatic_failover] and its neighbour."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, ByteSize

from bot.schedule_settings import ScheduleSettings, schedule
from bot.settings_types import Seconds, Section
from commands.automatic.policy import AutomaticFailover, AutomaticPolicy
from ledger.durations import parse_seconds

# Seconds. Whoever is paged needs some ten to see the message, and the rest to understand it.
_AFTER, _COUNTDOWN, _COOLDOWN = 30.0, 30.0, 3600.0


def _seconds_or_none(value: object) -> float:
    return 0.0 if value in (0, "0", "0s") else parse_seconds(value)


class AutomaticFailoverSettings(Section):
    """Off unless `enabled`. `unknown_loss` says what becomes of a failover whose loss cannot be told."""

    enabled: bool = False
    after: Seconds = _AFTER
    countdown: Annotated[float, BeforeValidator(_seconds_or_none)] = _COUNTDOWN
    loss_limit: ByteSize = ByteSize(1024 * 1024)
    unknown_loss: Literal["refuse", "accept"] = "refuse"
    cooldown: Seconds = _COOLDOWN


def automatic_policy(
    section: AutomaticFailoverSettings, times: ScheduleSettings, *, fence_returning_primary: bool
) -> AutomaticPolicy:
    """The same as commands know it."""
    failover = AutomaticFailover(
        after=timedelta(seconds=section.after),
        countdown=timedelta(seconds=section.countdown),
        loss_limit=int(section.loss_limit),
        accept_unknown_loss=section.unknown_loss == "accept",
        cooldown=timedelta(seconds=section.cooldown),
    )
    return AutomaticPolicy(failover if section.enabled else None, fence_returning_primary, schedule(times))
