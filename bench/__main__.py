"""`make bench`: the figures on this machine, as a table and as JSON."""

import argparse
import asyncio
from pathlib import Path

from rich.console import Console

from bench.alert import kill_to_alert
from bench.figures import Figure, as_json, table
from bench.many import many_clusters
from bench.promotion import failover, switchover
from bench.status import status_while_a_server_hangs
from lab.stage import open_stage
from lab.world import LabOptions

# Every kill is told anew, as if the last one had been long ago.
_NO_FLAPPING = '\n[thresholds]\nflap_window = "0s"\nflap_firings = 0\n'


async def _measure(rounds: int, clusters: int, say: Console) -> list[Figure]:
    figures: list[Figure] = []
    say.print(f"Killing a primary {2 * rounds} times ...")
    async with open_stage(LabOptions(), edit=lambda settings: settings + _NO_FLAPPING) as stage:
        figures += await kill_to_alert(stage, 2 * rounds)
        figures.append(await status_while_a_server_hangs(stage, 2 * rounds))
    say.print(f"Failing over {rounds} times, and {rounds} times with a bare pg_promote() ...")
    figures.append(await failover(rounds))
    say.print(f"Switching over {rounds} times, and {rounds} times with a bare script ...")
    figures.append(await switchover(rounds))
    say.print(f"Watching {clusters} clusters ...")
    figures += await many_clusters(clusters, 20 * rounds)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each promotion is measured")
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--json", type=Path, default=Path(".bench/figures.json"), help="where the JSON goes as well")
    given = parser.parse_args()
    figures = asyncio.run(_measure(given.rounds, given.clusters, Console(stderr=True)))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(as_json(figures) + "\n")
    print(as_json(figures))
    Console(stderr=True, width=150).print(table(figures))


if __name__ == "__main__":
    main()
