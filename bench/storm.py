"""`python -m bench.storm`: a day of alerts while Slack misbehaves; nothing lost, nothing shown twice, order kept.

10,000 changes of state go through the keeper, the ledger, the outbox and the whole Slack face to a practice Slack that
answers 429 and 500, loses answers, hangs, drops sockets, delivers presses twice and is away altogether for a while. The
bot is stopped in the middle of things and started again several times. The day is sped up: alerts live by a clock of
their own, and Slack's pace is raised by as much.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import structlog

from alerts.keeper import AlertKeeper
from alerts.thresholds import Thresholds
from bench.storm_check import Verdict, cards, cards_of, compare, shown_in
from bench.storm_world import CHANNELS, Day, clusters
from bot.slack.client import open_clients
from bot.slack.directory import SlackDirectory
from bot.slack.face import SlackConfiguration, SlackFace
from bot.slack.identity import OwnIdentity
from bot.slack.pace import Limits
from bot.slack.patience import Pauses
from lab.slack import PracticeSlack, workspace_from_manifest
from ledger import outbox
from ledger.ledger import Ledger
from tests.bot.slack.conftest import MANIFEST, POLICIES, ROSTER
from tests.bot.slack.doubles import Monitor, Orders

CHANGES, CLUSTERS, RESTARTS, OUTAGES, SEED = 10_000, 12, 6, 4, 20260131
DAY = timedelta(days=1)
LIMITS = Thresholds(storm_alerts=3)  # so that there are storms of alerts as well
# Slack's own limits and pauses, as many times faster as the day.
QUICK = Limits(post_burst=50, posts_per_second=2_000, update_burst=100, updates_per_second=2_000, card_seconds=0.005)
SHORT = Pauses(settle=0.1, first=0.02, longest=0.2, refused=0.1)
CALL_SECONDS = 0.5
OUTAGE_SECONDS = 2.0
DELIVERED_SECONDS = 1_800.0
PRESS_SECONDS = 2.0


@dataclass(slots=True)
class Storm:
    """The storm as it goes: what was asked for, and what was done to Slack."""

    changes: int = 0
    presses: int = 0
    faults: int = 0
    restarts: int = 0
    storms: int = 0
    asked_for: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. `seconds` is real time."""

    changes: int
    presses: int
    faults: int
    restarts: int
    storms: int
    seconds: float
    verdict: Verdict


class DayClock:
    """The time of that day, for the alerts and for whoever delivers. It begins now, jumps, and goes on in between."""

    def __init__(self) -> None:
        self._at, self._since = datetime.now(UTC), time.monotonic()

    def __call__(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._since)

    def jump(self, by: timedelta) -> None:
        self._at, self._since = self() + by, time.monotonic()


async def storm(changes: int, directory: Path, *, restarts: int = RESTARTS, outages: int = OUTAGES) -> Result:
    """Plays the day until so many changes of state have happened, lets Slack recover, and compares."""
    began, done, clock = time.monotonic(), Storm(), DayClock()
    estate = clusters(CLUSTERS)
    day = Day(SEED, estate)
    async with PracticeSlack.start(rate_limits=False, workspace=workspace_from_manifest(MANIFEST)) as slack:
        weather = asyncio.create_task(_bad_weather(slack, done, outages))
        try:
            while done.changes < changes:
                until = min(changes, done.changes + -(-changes // (restarts + 1)))
                async with _bot(directory, slack, clock) as (keeper, _):
                    await _part_of_the_day(day, keeper, slack, clock, done, until, DAY / (changes * 2))
                done.restarts += 1
        finally:
            weather.cancel()
            await asyncio.wait([weather])
        slack.faults.heal()
        async with _bot(directory, slack, clock) as (keeper, ledger):
            await _the_end(day, keeper, clock, done)
            await _delivered(ledger)
            rows = await ledger.read(cards)
            done.storms = sum(row["card"].endswith("/over") for row in rows)
        verdict = compare(rows, frozenset(done.asked_for), shown_in(slack, CHANNELS))
    seconds = time.monotonic() - began
    return Result(done.changes, done.presses, done.faults, done.restarts - 1, done.storms, round(seconds, 1), verdict)


@asynccontextmanager
async def _bot(directory: Path, slack: PracticeSlack, clock: DayClock) -> AsyncIterator[tuple[AlertKeeper, Ledger]]:
    """The keeper and the whole Slack face on the ledger; ended in the middle of whatever is on its way."""
    async with await Ledger.open(directory / "ledger.sqlite3") as ledger:
        clients = open_clients(slack.api_url, slack.bot_token, call_seconds=CALL_SECONDS)
        identity = OwnIdentity(clients.web)
        keeper = AlertKeeper(ledger, clusters(CLUSTERS), LIMITS, clock)
        await keeper.start()
        face = SlackFace(
            SlackConfiguration("socket", app_token=slack.app_token),
            clients=clients,
            identity=identity,
            directory=SlackDirectory(clients.web, ROSTER, identity),
            policies=POLICIES,
            dispatcher=Orders(),
            keeper=keeper,
            monitor=Monitor(),
            ledger=ledger,
            clusters=[cluster.name for cluster in clusters(CLUSTERS)],
            now=clock,
            limits=QUICK,
            pauses=SHORT,
        )
        await face.start()
        try:
            yield keeper, ledger
        finally:
            await face.stop(0.0)
            await clients.close()


async def _part_of_the_day(
    day: Day,
    keeper: AlertKeeper,
    slack: PracticeSlack,
    clock: DayClock,
    done: Storm,
    until: int,
    pause: timedelta,
) -> None:
    """Until so many changes have happened in all; people press Acknowledge meanwhile."""
    people = Random(SEED)  # noqa: S311 - the same day each time
    pressing: set[asyncio.Task[None]] = set()
    step = 0
    while done.changes < until:
        clock.jump(timedelta(seconds=1) if day.all_at_once else pause * people.uniform(0.0, 4.0))
        cluster = day.step()
        look = day.look(cluster, clock())
        transitions = await keeper.take(cluster, look.state, look.judgement)
        done.changes += len(transitions)
        done.asked_for.update(cards_of(transitions))
        step += 1
        if step % 50 == 0:
            pressing.add(asyncio.create_task(_press(slack, people.choice(CHANNELS), done)))
    if pressing:
        await asyncio.wait(pressing)


async def _press(slack: PracticeSlack, channel: str, done: Storm) -> None:
    """Somebody acknowledges the newest alert that offers it; a press that Slack loses is pressed no more."""
    for message in reversed(slack.messages(channel)):
        with suppress(LookupError, TimeoutError):  # it offers that no longer, or the socket is away
            async with asyncio.timeout(PRESS_SECONDS):
                await slack.person("U0ALICE").press(message, text="Acknowledge")
            done.presses += 1
            return


async def _bad_weather(slack: PracticeSlack, done: Storm, outages: int) -> None:
    """One fault after the other, and now and then nothing works at all for a while."""
    random = Random(SEED)  # noqa: S311 - the same weather each time
    faults = slack.faults
    away = 0
    while True:
        for _ in range(12):
            match random.randrange(8):
                case 0 | 1:
                    faults.rate_limit(retry_after=random.choice((0, 1)), calls=random.randrange(1, 6))
                case 2 | 3:
                    faults.server_error(html=random.random() < 0.5, calls=random.randrange(1, 6))
                case 4:
                    faults.lose_answer("chat.postMessage", calls=random.randrange(1, 4))
                case 5:
                    faults.hang("chat.update", calls=1)
                case 6:
                    faults.drop_sockets()
                case _:
                    faults.deliver_twice(times=3)
            done.faults += 1
            await asyncio.sleep(random.uniform(0.05, 0.4))
        if away < outages:
            away += 1
            outage = faults.server_error(status=503)
            faults.drop_sockets()
            done.faults += 1
            await asyncio.sleep(OUTAGE_SECONDS)
            outage.heal()


async def _the_end(day: Day, keeper: AlertKeeper, clock: DayClock, done: Storm) -> None:
    """All is mended, and stays so until what comes and goes is believed, and every storm is over."""
    for cluster in day.all_well():
        for _ in range(3):
            clock.jump(timedelta(minutes=4))
            look = day.look(cluster, clock())
            transitions = await keeper.take(cluster, look.state, look.judgement)
            done.asked_for.update(cards_of(transitions))


async def _delivered(ledger: Ledger) -> None:
    """TimeoutError when something is still on its way after all that time."""
    async with asyncio.timeout(DELIVERED_SECONDS):
        while await ledger.read(outbox.pending_count):  # noqa: ASYNC110 - nobody tells of what was delivered
            await asyncio.sleep(0.05)


def report(result: Result) -> str:
    """In a few lines, what was done to Slack and what came of it."""
    verdict = result.verdict
    return (
        f"{result.changes} changes of state in {result.storms} storms of alerts and between them, {result.presses} "
        f"presses, {result.faults} faults of Slack and {result.restarts} restarts in {result.seconds} s: "
        f"{verdict.messages} messages. {len(verdict.lost)} lost, {len(verdict.twice)} shown twice, "
        f"{len(verdict.outdated)} outdated, {len(verdict.out_of_order)} threads out of order."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES)
    parser.add_argument("--json", type=Path, default=Path(".bench/storm.json"), help="where the JSON goes as well")
    given = parser.parse_args()
    # Each fault is told in the log, as it should be; here they are made, and counted.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as directory:
        result = asyncio.run(storm(given.changes, Path(directory)))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(asdict(result), indent=2) + "\n")
    print(report(result))
    sys.exit(0 if result.verdict.well else 1)


if __name__ == "__main__":
    main()
