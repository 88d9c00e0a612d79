"""A service beside PostgreSQL is restarted like everything else: planned, approved, verified, reported."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from commands.asked import Decision
from commands.command import Misunderstood
from commands.dispatcher import Dispatcher
from commands.plan import CheckResult
from commands.registry import COMMANDS
from commands.service import Service
from ledger.operations import OperationState
from servers.engines.engine import ActionFailed
from servers.inventory import SshTarget
from servers.managed_service import ManagedService, ManagerKind, ServiceSeen
from servers.ssh import Completed
from tests.commands.conftest import Scene
from tests.commands.inventory import BOOKS, SHOP

POOLER = ManagedService(
    "pooler", "db1", SshTarget("db1", 22, "postgres", None, Path("known_hosts")), ManagerKind.SYSTEMD, unit="pgbouncer"
)


@dataclass
class Hands:
    """Plays the managers. `fails` names what goes wrong, with the words."""

    fails: dict[str, str] = field(default_factory=dict)
    restarts: int = 0

    async def look(self, service: ManagedService) -> ServiceSeen:
        self._fail("look")
        return ServiceSeen(True, "active (running)", str(self.restarts))

    async def restart(self, service: ManagedService, *, timeout: float) -> Completed:
        self._fail("restart")
        self.restarts += 1
        return Completed(("systemctl",), 0, "", "", 0.1)

    async def stop(self, service: ManagedService, *, timeout: float) -> Completed:
        self._fail("stop")
        return Completed(("systemctl",), 0, "", "", 0.1)

    async def start(self, service: ManagedService, *, timeout: float) -> Completed:
        return await self.restart(service, timeout=timeout)

    async def wait_healthy(self, service: ManagedService, before: str) -> str:
        self._fail("wait_healthy")
        return "active (running)"

    async def unhealthy(self, service: ManagedService) -> str | None:
        return self.fails.get("unhealthy")

    async def log(self, service: ManagedService) -> str:
        return "starting\npassword=very-secret-word\ncannot bind port 6432\n"

    def _fail(self, action: str) -> None:
        if action in self.fails:
            raise ActionFailed(self.fails[action], exit_status=1)


@pytest.fixture
def hands(scene: Scene) -> Hands:
    made = Hands()
    shop = replace(SHOP, services=(POOLER, replace(POOLER, name="exporter")))
    scene.world = replace(scene.world, clusters={"shop": shop}, services=made)
    scene.dispatcher = Dispatcher(scene.world, COMMANDS)
    return made


async def run(scene: Scene) -> str:
    operation = await scene.request("alice", "service restart pooler")
    await scene.dispatcher.decide(scene.asks("bob"), operation, Decision.APPROVE)
    return repr((await scene.dispatcher.wait(operation)).page)


async def test_it_is_restarted_once_it_is_approved(scene: Scene, hands: Hands) -> None:
    report = await run(scene)
    assert "Service restart of shop: pooler succeeded" in report
    assert "pooler was restarted and is healthy." in report
    assert hands.restarts == 1


async def test_what_does_not_become_healthy_fails_with_the_end_of_its_log_and_without_secrets(
    scene: Scene, hands: Hands
) -> None:
    hands.fails["wait_healthy"] = "pooler is not healthy after 60 s: port 6432 takes no connection"
    await run(scene)
    (operation,) = await scene.operations()
    assert operation.state is OperationState.FAILED
    report = repr(await scene.card(f"operation/{operation.id}/report"))
    assert "port 6432 takes no connection. Last lines of its log: starting" in report
    assert "cannot bind port 6432" in report
    assert "very-secret-word" not in report


async def test_a_service_that_cannot_be_seen_cannot_be_restarted(scene: Scene, hands: Hands) -> None:
    hands.fails["look"] = "db1 knows no unit pgbouncer: correct it in the settings"
    form = await scene.form("alice", "service restart pooler")
    assert form.submit_label is None
    assert "db1 knows no unit pgbouncer" in form.page.summary


async def test_a_service_that_is_ill_now_may_be_restarted(scene: Scene, hands: Hands) -> None:
    hands.fails["unhealthy"] = "port 6432 takes no connection"
    meant = Service().resolve(("restart", "pooler"), scene.world)
    plan = await Service().plan(meant, await scene.pair.observe(meant.cluster), scene.world)
    assert plan.failed_checks == ()
    (health,) = [check for check in plan.checks if check.name == "health"]
    assert (health.result, health.evidence) == (CheckResult.WARN, "port 6432 takes no connection")
    assert dict(plan.facts)["service"] == "systemd unit pgbouncer on db1"


async def test_which_service_is_meant(scene: Scene, hands: Hands) -> None:
    world = replace(scene.world, clusters={**scene.world.clusters, "books": replace(BOOKS, services=(POOLER,))})
    resolve = Service().resolve
    assert resolve(("restart", "exporter"), world).cluster.name == "shop"
    assert resolve(("restart", "books", "pooler"), world).cluster.name == "books"
    for words, line in (
        (("restart", "pooler"), "pooler is a service of shop and of books: name the cluster."),
        (("restart", "poler"), "“poler” is no service. Did you mean “pooler”?"),
        (("restart",), "Which service? There are pooler, exporter, pooler."),
        (("stop", "pooler"), "A service can be restarted."),
        ((), "A service can be restarted."),
    ):
        with pytest.raises(Misunderstood) as caught:
            resolve(words, world)
        assert str(caught.value).startswith(line)
