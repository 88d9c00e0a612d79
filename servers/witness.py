"""A witness: a host that runs no PostgreSQL of the cluster, and tries its servers from where it stands.

pg_isready where it is installed, else a bare TCP connection through bash: then a listener counts as one that accepts.
Arguments: seconds for a try, then for each server its host and port.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from servers.errors import ServerUnreachable
from servers.host_facts import reply_of
from servers.inventory import Cluster
from servers.knock import Endpoint
from servers.sections import parse_sections
from servers.ssh import Shells
from servers.state import Answer, Outcome, PeerReply, PeerTry, WitnessView

PATIENCE = 0.4  # of the time-out, for each try; they run at once

_TRY = r"""
export LC_ALL=C
patience=$1; shift
try() {
  if command -v pg_isready >/dev/null 2>&1; then
    answer=$(timeout "$patience" pg_isready -t 2 -h "$2" -p "$3" 2>/dev/null); code=$?
    echo "@peer $1 $code ${answer##* - }"
  elif ! command -v bash >/dev/null 2>&1; then echo "@peer $1 3 not tried"
  elif timeout "$patience" bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$2" "$3" 2>/dev/null; then
    echo "@peer $1 0 accepting connections"
  else echo "@peer $1 2 no response"
  fi
}
number=0
while [ $# -gt 0 ]; do
  try "$number" "$1" "$2" & shift 2
  number=$((number + 1))
done
wait
echo "@done"
"""


async def ask_witness(
    shells: Shells, cluster: Cluster, endpoints: Mapping[str, Endpoint], clock: Callable[[], datetime], timeout: float
) -> WitnessView | None:
    """What the cluster's witness sees; None where it has none. Never raises for what a host does or says."""
    if cluster.witness is None:
        return None
    started = time.perf_counter()
    words = [word for endpoint in endpoints.values() for word in (endpoint.host, str(endpoint.port))]
    command = ("sh", "-c", _TRY, "sh", f"{timeout * PATIENCE:.2f}", *words)
    try:
        async with asyncio.timeout(timeout + 1.0):
            completed = await shells.run(cluster.witness, command, timeout=timeout)
        found = parse_sections(completed.stdout, frozenset(), frozenset({"peer"}))
        if found.one("done") is None:
            reason = " ".join(completed.output.split())[:200] or "no output"
            raise ServerUnreachable(Outcome.FAILED, f"its try failed: {reason}")
    except ServerUnreachable as error:
        return WitnessView(Answer(error.outcome, clock(), time.perf_counter() - started, error.detail), ())
    except TimeoutError:
        return WitnessView(Answer(Outcome.TIMED_OUT, clock(), time.perf_counter() - started), ())
    return WitnessView(
        Answer(Outcome.ANSWERED, clock(), time.perf_counter() - started),
        _tries(tuple(endpoints), found.values.get("peer", ())),
    )


def _tries(names: tuple[str, ...], lines: "list[str] | tuple[()]") -> tuple[PeerTry, ...]:
    replies: dict[str, PeerReply] = {}
    for line in lines:
        number, code, text = (*line.split(" ", 2), "", "", "")[:3]
        if number.isdigit() and int(number) < len(names):
            replies[names[int(number)]] = reply_of(code, text)
    return tuple(PeerTry(name, replies.get(name, PeerReply.NOT_TRIED)) for name in names)
