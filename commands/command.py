"""What a command is. One module a command; `commands.registry` lists them.

A View answers a question. A Deed changes something in Understudy itself, at once. An Order changes a server: it plans,
and the rest (form, approvals, re-check, run, report, audit) is the same for every order and lives in
`commands.orders`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from commands.asked import Asked
from commands.people import Person
from commands.plan import Conclusion, Plan, Step
from commands.world import World
from ledger.page import Page
from servers.inventory import Cluster
from servers.state import ClusterState


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What a step did: one line for people, exit status and output where a remote command ran (for the audit log).

    `found` is what later steps and the report need to know of it, by name; times in ISO 8601.
    """

    detail: str
    exit_status: int | None = None
    output: str = ""
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may use: the world, the plan it belongs to, and where to say how far it is.

    `found` is what the steps before it found; after a restart it is empty, and a step looks for itself.
    """

    world: World
    cluster: Cluster
    plan: Plan
    step: Step
    say: Callable[[str], None]  # live progress, one line; never waits
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """The code behind a step.

    `run` does it and proves it, or raises StepFailed. `already_done` looks at the servers and says whether it is done
    (asked after a crash, before anything is repeated); None where no look can tell. `undo` takes it back, where the
    step says that it can be. Once a `final` step was tried, nothing before it is taken back: it may have happened.
    An `optional` step comes after what was asked for: where it fails, the steps after it are done all the same, and
    `Order.conclude` finds its failure under `failure_of`.
    """

    run: Callable[[StepContext], Awaitable[StepOutcome]]
    already_done: Callable[[StepContext], Awaitable[bool | None]]
    undo: Callable[[StepContext], Awaitable[StepOutcome]] | None = None
    final: bool = False
    optional: bool = False


def failure_of(step: Step) -> str:
    """The name under which `found` has what became of an optional step that failed."""
    return f"failure of {step.action} on {step.server}"


class StepFailed(Exception):
    """A step did not do what it promised. The message says what happened and what to do next."""

    def __init__(self, message: str, *, exit_status: int | None = None, output: str = "") -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.output = output


@dataclass(frozen=True, slots=True)
class Meant:
    """What an order is about: the cluster, the server where one is named, and what else was said.

    `words` are the order's own, already understood and in one fixed spelling ("add", "for 2h"): the same words give the
    same plan when it is made again for the submission and just before the run.
    """

    cluster: Cluster
    server: str | None = None
    words: tuple[str, ...] = ()


class Misunderstood(Exception):
    """What was typed cannot be carried out. The message is one line: what was understood, and what to type."""


@runtime_checkable
class View(Protocol):
    """A command that only looks."""

    name: str
    usage: str  # "status [cluster]"
    summary: str  # one line for help
    right: str  # what one must be allowed to do ("view")

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """What to show. Raises Misunderstood."""
        ...


@runtime_checkable
class Deed(Protocol):
    """A command that touches no server, only what Understudy itself does: no plan, and nobody has to approve it."""

    name: str
    usage: str
    summary: str
    right: str

    async def do(self, asked: Asked, person: Person, words: Sequence[str], world: World) -> Page:
        """Does it, with its one audit record in the same transaction. `words` are as they were typed.

        Raises Misunderstood, and Repeated for a second delivery.
        """
        ...


@runtime_checkable
class Order(Protocol):
    """A command that changes a server, once people have approved its plan."""

    name: str
    usage: str
    summary: str
    right: str

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """What was meant; no I/O. Raises Misunderstood."""
        ...

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """The plan for the world as it was seen. Raises Misunderstood where there is nothing to do."""
        ...

    def actions(self) -> Mapping[str, Action]:
        """The code behind each Step.action that its plans use."""
        ...

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        """What to report once every step has succeeded, from what the steps found."""
        ...


Command = View | Deed | Order
