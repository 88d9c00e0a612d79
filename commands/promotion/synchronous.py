"""Whether the new primary's synchronous_standby_names would let commits return.

Syntax: https://www.postgresql.org/docs/current/runtime-config-replication.html#GUC-SYNCHRONOUS-STANDBY-NAMES
"""

import re
from dataclasses import dataclass

from commands.plan import Check, Step
from commands.promotion import steps, traffic
from commands.promotion.followers import followers, following_steps
from commands.promotion.pair import Pair, failed, passed, warned

_COUNTED = re.compile(r"\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


@dataclass(frozen=True, slots=True)
class Demand:
    """How many of which standbys a commit waits for. Names are in lower case; “*” is any."""

    count: int
    names: frozenset[str]

    def met_by(self, standbys: frozenset[str]) -> bool:
        wanted = standbys if "*" in self.names else {name for name in standbys if name.lower() in self.names}
        return len(wanted) >= self.count


def demand_of(setting: str) -> Demand | None:
    """What synchronous_standby_names demands; None where it is empty. A list without a number wants one of it."""
    if not setting.strip():
        return None
    counted = _COUNTED.fullmatch(setting)
    count, listed = (int(counted[1]), counted[2]) if counted else (1, setting)
    names = (quoted.replace('""', '"') or plain for quoted, plain in _NAME.findall(listed))
    return Demand(count, frozenset(name.lower() for name in names))


def waits_for_followers(pair: Pair) -> bool:
    """Whether commits return only once the further standbys have been moved: then that comes before the first write."""
    demand = _demand(pair)
    return demand is not None and not demand.met_by(_there(pair)) and demand.met_by(_there(pair) | _coming(pair))


def after_promotion(pair: Pair) -> tuple[Step, ...]:
    """The first write and the clients' way to it, which end the outage, and the further standbys: after them, unless
    the write would wait for them."""
    new, others = pair.target.name, following_steps(pair)
    write = (steps.verify(new), *traffic.redirect_steps(pair.traffic, new))
    return (*others, *write) if waits_for_followers(pair) else (*write, *others)


def does_not_block(pair: Pair) -> Check:
    """A new primary that waits for a synchronous standby accepts connections and commits nothing."""
    new = pair.target.name
    title = f"Commits will not block on {new}"
    if pair.new.sql is None:
        return failed("synchronous", title, "synchronous_standby_names is not known")
    demand = _demand(pair)
    if demand is None:
        return passed("synchronous", title, "synchronous_standby_names is empty")
    evidence = f"synchronous_standby_names is “{pair.new.sql.synchronous_standby_names}”"
    if demand.met_by(_there(pair)):
        return passed("synchronous", title, f"{evidence}; {_listed(_there(pair))} streams from {new} already")
    if waits_for_followers(pair):
        late = f"commits return once {_listed(_coming(pair))} follows {new}, which is part of the outage"
        return warned("synchronous", title, f"{evidence}; {late}")
    mend = f"Until such a standby streams from {new}, no commit would return: set it to '' there and reload"
    return failed("synchronous", title, f"{evidence}. {mend}")


def _demand(pair: Pair) -> Demand | None:
    return demand_of(pair.new.sql.synchronous_standby_names) if pair.new.sql else None


def _there(pair: Pair) -> frozenset[str]:
    rows = pair.new.sql.replication if pair.new.sql else ()
    return frozenset(row.application_name for row in rows if row.state == "streaming")


def _coming(pair: Pair) -> frozenset[str]:
    """Those that will be moved and can be: on their new primary they go by their server's name."""
    moving = (each.name for each in followers(pair) if each.moves)
    return frozenset(name for name in moving if pair.state.server(name).sql is not None)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
