"""What a command is. One module a command; `commands.registry` lists them.

A View answers a question. A Deed changes something in Understudy itself, at once; what follows on servers, such as a
pause of Patroni, is a wish in the ledger, carried out with records of its own. An Order changes a server: it plans, and
the rest (form, approvals, re-check, run, report, audit) is the same for every order and lives in `commands.orders`. A
Decider decides on an order that was asked for.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol, runtime_checkable

from commands.asked import Asked, Decision
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

    `found` is what the steps before it found. After a restart (`resumed`) that of a step whose end nobody saw is
    missing, and a step looks for itself: the world may have moved on meanwhile. `operation` is the operation's id: the
    same after a restart, and no other order's.
    """

    world: World
    cluster: Cluster
    plan: Plan
    step: Step
    say: Callable[[str], None]  # live progress, one line; never waits
    found: Mapping[str, str] = field(default_factory=dict)
    resumed: bool = False
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a step is asked about after a restart: the plan, and the world as it is seen now.

    `not_as_approved` says in a sentence why the plan would not be approved as it stands, made anew in this world;
    None when it is the same plan and no check fails.
    """

    cluster: Cluster
    plan: Plan
    step: Step
    state: ClusterState
    not_as_approved: str | None


@dataclass(frozen=True, slots=True)
class Action:
    """The code behind a step.

    `run` does it and proves it, or raises StepFailed. `undo` takes it back, where the step says that it can be. Once a
    `final` step was tried, nothing before it is taken back: it may have happened; what comes after it may be. An
    `optional` step comes after what was asked for: where it fails, the steps after it are done all the same, and
    `Order.conclude` finds its failure under `failure_of`. One that `goes_on` is the same, but the operation ends as
    failed. `until` names the action that ends, at the same place, what this one began (clients wait): until that has
    succeeded, the undo is due however the operation ends, past a final step too. One that `silences` its server takes
    it down for what follows: until a final step is done, that it falls silent is no news to the monitor.

    The rest serves an operation that goes on after a restart. `already_done` looks at the servers and says whether the
    step is done, and still holds; None where no look can tell. `repeatable`: it may be done again without harm, undone
    included, when nobody knows whether it was done. `lasting`: it waits for a job that goes on by itself for hours, and
    is taken up however long ago it was left. `obstacle` says, without I/O, what in the world as it is now speaks
    against beginning the step, for earlier steps have changed that world; without it the plan must still be the one
    that was approved.
    """

    run: Callable[[StepContext], Awaitable[StepOutcome]]
    already_done: Callable[[StepContext], Awaitable[bool | None]]
    undo: Callable[[StepContext], Awaitable[StepOutcome]] | None = None
    final: bool = False
    optional: bool = False
    goes_on: bool = False
    until: str | None = None
    repeatable: bool = False
    lasting: bool = False
    silences: bool = False
    obstacle: Callable[[Standing], str | None] | None = None

    @property
    def may_fail(self) -> bool:
        """Whether the steps after it are done all the same."""
        return self.optional or self.goes_on


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
    """A command that changes what Understudy itself does, and no server: no plan, and nobody has to approve it."""

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


@runtime_checkable
class SpokenOrder(Order, Protocol):
    """An order whose words mean what they do by who typed them: as they were typed, on the clock of their time zone."""

    def understand(self, words: Sequence[str], zone: tzinfo, world: World) -> Meant:
        """What was meant; no I/O. Raises Misunderstood."""
        ...


@runtime_checkable
class MeasuringOrder(Order, Protocol):
    """An order that has something to tell of what its steps measured also where it did not reach its end."""

    def so_far(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        """Its facts, and what to do next where that is more than to ask again; the line is not used. Pure."""
        ...


@runtime_checkable
class Decider(Protocol):
    """A command that decides on an operation, as a button of its card does. Who may, is looked up then."""

    name: str
    usage: str
    summary: str
    right: str
    decision: Decision

    async def operation(self, arguments: Sequence[str], world: World) -> str:
        """The id of the operation that is meant. Raises Misunderstood."""
        ...


Command = View | Deed | Order | Decider
