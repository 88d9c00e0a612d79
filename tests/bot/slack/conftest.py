"""A practice Slack without its own rate limits, a ledger, and a face between the two."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.roster import GroupEntry, PersonEntry, Roster
from bot.slack.client import SlackClients, open_clients
from bot.slack.directory import SlackDirectory
from bot.slack.face import SlackConfiguration, SlackFace
from bot.slack.identity import OwnIdentity
from commands.authority import EVERYONE
from commands.policies import Policies
from lab.slack import PracticeSlack, workspace_from_manifest
from ledger.ledger import Ledger
from tests.bot.slack.doubles import Keeper, Monitor, Orders

MANIFEST = Path(__file__).parents[3] / "manifest.yml"
ROSTER = Roster(
    people=(PersonEntry("alice", "U0ALICE"), PersonEntry("bob", "U0BOB")),
    groups=(GroupEntry("dba", "S0DBA"), GroupEntry("lead", None, ("bob",))),
)
POLICIES = Policies(rights={"view": frozenset({EVERYONE}), "acknowledge": frozenset({"dba"})})


@pytest.fixture
async def slack() -> AsyncIterator[PracticeSlack]:
    """Slack with the app installed as our manifest has it: a scope that is missing there is missing here."""
    async with PracticeSlack.start(rate_limits=False, workspace=workspace_from_manifest(MANIFEST)) as practice:
        yield practice


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


@pytest.fixture
async def clients(slack: PracticeSlack) -> AsyncIterator[SlackClients]:
    opened = open_clients(slack.api_url, slack.bot_token, call_seconds=0.5)
    yield opened
    await opened.close()


@dataclass(slots=True)
class Stage:
    """The face in front of stand-ins."""

    face: SlackFace
    orders: Orders
    keeper: Keeper
    monitor: Monitor


def a_face(configuration: SlackConfiguration, slack: PracticeSlack, clients: SlackClients, ledger: Ledger) -> Stage:
    identity = OwnIdentity(clients.web)
    directory = SlackDirectory(clients.web, ROSTER, identity)
    orders, keeper, monitor = Orders(), Keeper(), Monitor()
    face = SlackFace(
        configuration,
        clients=clients,
        identity=identity,
        directory=directory,
        policies=POLICIES,
        dispatcher=orders,
        keeper=keeper,
        monitor=monitor,
        ledger=ledger,
        clusters=("main",),
        now=lambda: datetime.now(UTC),
    )
    return Stage(face, orders, keeper, monitor)


@pytest.fixture
async def stage(slack: PracticeSlack, clients: SlackClients, ledger: Ledger) -> AsyncIterator[Stage]:
    """In Socket Mode, both sockets open."""
    made = a_face(SlackConfiguration("socket", app_token=slack.app_token), slack, clients, ledger)
    await made.face.start()
    await slack.wait_until(lambda: slack.sockets == 2)
    yield made
    await made.face.stop()
