"""What the settings let Understudy do of its own accord, for one cluster."""

from dataclasses import dataclass
from datetime import timedelta

from commands.automatic.timetable import Timetable


@dataclass(frozen=True, slots=True)
class AutomaticFailover:
    """When a failover may start without a person.

    All viewpoints must have agreed for `after` that the primary is down; `countdown` is how long people have to stop
    it; `loss_limit` is in bytes of WAL (its default is Patroni's maximum_lag_on_failover); `cooldown` is the least time
    between two failovers.
    """

    after: timedelta = timedelta(seconds=30)
    countdown: timedelta = timedelta(seconds=30)
    loss_limit: int = 1024 * 1024
    accept_unknown_loss: bool = False
    cooldown: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An order that is started by itself at its times; its words come `before` and `after` the cluster's name.

    `job` is what the settings call it, `set_by` who answers for it. What was missed is still started when it is less
    than `late_by` late. `dangerous`: the settings say in so many words that what clients notice may start by itself.
    """

    job: str
    order: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    timetable: Timetable
    set_by: str
    late_by: timedelta = timedelta(hours=6)
    dangerous: bool = False


@dataclass(frozen=True, slots=True)
class AutomaticPolicy:
    """`failover` None: off. `fence_returning_primary`: an old primary that takes writes again is fenced at once."""

    failover: AutomaticFailover | None = None
    fence_returning_primary: bool = False
    schedule: tuple[Scheduled, ...] = ()


NOTHING = AutomaticPolicy()
