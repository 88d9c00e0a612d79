"""Look after look at a host that answers, fails, and answers again."""

from collections.abc import Sequence

from servers.errors import ServerUnreachable
from servers.inventory import Cluster, RequiredPort, Server, SshTarget
from servers.ssh import Completed, Shells
from servers.state import Outcome
from servers.watching.hosts.facts import HostWatch, PortReply
from servers.watching.hosts.looks import HostLooks
from tests.alerts.looks import NOW, server
from tests.servers.watching.hosts.answers import answer, completed

SHOP = Cluster("shop", "C0OPS", (server("db1"), server("db2")), ports=(RequiredPort(8080),))
WELL = completed(answer(more="@no_smartctl\n@way 0 connect 0.5\n@port 0 open\n@port 1 open\n"))
LATE = ServerUnreachable(Outcome.TIMED_OUT, "no answer over SSH within 45 s")


class Scripted(Shells):
    """Answers as it is told to, one look after the other; both hosts alike."""

    def __init__(self, *answers: Completed | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[Sequence[str]] = []

    async def run(
        self, server: Server | SshTarget, argv: Sequence[str], *, timeout: float, stdin: str | None = None
    ) -> Completed:
        self.asked.append(argv)
        found = self.answers[(len(self.asked) - 1) // 2]
        if isinstance(found, Exception):
            raise found
        return found


async def watched(shells: Scripted) -> list[HostWatch]:
    looks = HostLooks(shells, lambda: NOW)
    return [(await looks.look(SHOP)).hosts[0] for _ in shells.answers]


async def test_each_host_is_asked_once_a_look() -> None:
    shells = Scripted(WELL, WELL)
    await watched(shells)
    assert len(shells.asked) == 4


async def test_what_fails_is_counted_until_it_answers_again() -> None:
    seen = await watched(Scripted(WELL, LATE, completed("nonsense"), RuntimeError("a mistake of ours"), WELL))
    assert [(one.answer.outcome, one.failures, one.timeouts, one.looks) for one in seen] == [
        (Outcome.ANSWERED, 0, 0, 1),
        (Outcome.TIMED_OUT, 1, 1, 2),
        (Outcome.FAILED, 2, 1, 3),
        (Outcome.FAILED, 3, 1, 4),
        (Outcome.ANSWERED, 0, 1, 5),
    ]


async def test_while_it_fails_its_ports_are_unknown_and_not_gone() -> None:
    well, late = await watched(Scripted(WELL, LATE))
    assert [(one.port, one.reply) for one in well.ports] == [(8080, PortReply.OPEN), (22, PortReply.OPEN)]
    assert [(one.port, one.reply) for one in late.ports] == [(8080, PortReply.UNTRIED), (22, PortReply.UNTRIED)]
    assert late.load.value is None


async def test_drives_and_ssh_are_asked_for_seldom() -> None:
    shells = Scripted(WELL, WELL)
    await watched(shells)
    first, second = shells.asked[0][4:], shells.asked[2][4:]
    assert list(first) == ["rarely", "", "1", "db2", "5432", "db2", "8080", "db2", "22"]
    assert list(second) == ["", "", "1", "db2", "5432", "db2", "8080"]
