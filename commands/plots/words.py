"""What was typed after `/ha lag` and its like: a cluster, a server, and how far back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from commands.command import Misunderstood
from commands.parse import COMMAND, echo, resolve
from ledger.durations import parse_seconds
from ledger.quantities import seconds_text
from servers.inventory import Cluster

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=730)
_DURATION = re.compile(r"\d+(?:\.\d+)?(?:ms|s|m|h|d)")


@dataclass(frozen=True, slots=True)
class Stretch:
    """`server` None: all of them."""

    cluster: Cluster
    server: str | None
    back: timedelta


def understood(arguments: Sequence[str], clusters: Mapping[str, Cluster], usage: str, usual: timedelta) -> Stretch:
    """Raises Misunderstood."""
    spans = [word for word in arguments if _DURATION.fullmatch(word)]
    if len(spans) > 1:
        raise Misunderstood(f"“{echo(' '.join(spans))}” are two lengths of time. Type: {COMMAND} {usage}")
    cluster, server = resolve([word for word in arguments if word not in spans], clusters, usage)
    back = timedelta(seconds=parse_seconds(spans[0])) if spans else usual
    if not SHORTEST <= back <= LONGEST:
        between = f"{seconds_text(SHORTEST)} and {seconds_text(LONGEST)}"
        raise Misunderstood(f"“{spans[0]}” is not between {between}. Type: {COMMAND} {usage}")
    return Stretch(cluster, server, back)
