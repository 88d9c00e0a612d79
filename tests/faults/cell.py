"""One cell of the matrix: a fault, the order it strikes, when, and what must hold afterwards."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from ledger.operations import OperationState

if TYPE_CHECKING:
    from tests.faults.scene import Scene

Act = Callable[["Scene"], Awaitable[None]]


class Order(StrEnum):
    SWITCHOVER = "switchover"
    FAILOVER = "failover"
    REJOIN = "rejoin"


class Phase(StrEnum):
    """A moment of a step."""

    INTENT = "intent"  # its intent is on disk: it acts now
    RESULT = "result"  # its result is on disk


@dataclass(frozen=True, slots=True)
class When:
    """A moment of the operation: a step by its action, or before it is asked for (None)."""

    action: str | None
    phase: Phase = Phase.INTENT

    def __str__(self) -> str:
        if self.action is None:
            return "before"
        moment = "during" if self.phase is Phase.INTENT else "after"
        return f"{moment} {self.action.replace('_', ' ')}"


@dataclass(frozen=True, slots=True)
class Cell:
    """`strike` makes the fault; `mend`, where there is one, takes it back once the operation has ended.

    `ends` are the ends that are right; REFUSED stands for an order that could not even be asked for. `serves`: once the
    fault is mended a primary takes writes, without anybody doing anything, even where the order failed; where it
    succeeded one always does. `quick` cells run in CI: those that no other test on real servers comes near. `freezes`:
    the primary of a failover is stopped by SIGSTOP instead of killed. `copies`: a rejoin by a new copy is asked for.
    Some need a disk of their own for the servers, or for the ledger, which only root can mount.
    """

    fault: str
    order: Order
    when: When
    strike: Act
    ends: frozenset[str]
    mend: Act | None = None
    quick: bool = False
    serves: bool = True
    freezes: bool = False
    needs_disks: bool = False
    needs_ledger_disk: bool = False
    copies: bool = False

    @property
    def name(self) -> str:
        return f"{self.order}: {self.fault} ({self.when})"


REFUSED = "refused"
# Never right.
UNENDED = "its moment or its end did not come in time"
BROKEN = "it broke off"
LEFT_OUT = "left out"  # this machine lacks what it needs: neither right nor wrong
DONE = frozenset({OperationState.SUCCEEDED.value})
STOPPED = frozenset({OperationState.FAILED.value})
EITHER = DONE | STOPPED  # where the moment decides: a step that was through before the fault came is done


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a cell. `told` is what people were told; of one that broke off or was left out, why.

    `lost` are acknowledged rows that are not on the primary of the end; `lost_received` those of them that the standby
    had received. `primaries` is the most writable primaries that clients could reach at once. `serves`: rows were
    acknowledged after the end. `postgresql` is the version that was played on.
    """

    cell: Cell
    end: str
    told: str
    acknowledged: int
    lost: int
    lost_received: int
    primaries: int
    serves: bool
    audit_is_whole: bool
    seconds: float
    postgresql: str = ""

    @classmethod
    def without_an_end(cls, cell: Cell, end: str, why: str, seconds: float) -> Self:
        """Of a cell that broke off, or was left out."""
        return cls(cell, end, why, 0, 0, 0, 0, serves=False, audit_is_whole=False, seconds=seconds)

    @property
    def played(self) -> bool:
        return self.end not in (BROKEN, LEFT_OUT)

    @property
    def problems(self) -> tuple[str, ...]:
        """What does not hold; nothing when all is well."""
        if not self.played:
            return () if self.end == LEFT_OUT else (f"{self.end}: {self.told}",)
        may_lose = self.cell.order is not Order.SWITCHOVER
        must_serve = self.cell.serves or self.end in DONE
        right = ", ".join(sorted(self.cell.ends))
        found = (
            (self.end not in self.cell.ends, f"it ended as {self.end}; right would be {right}"),
            (self.lost > 0 and not may_lose, f"{self.lost} acknowledged rows are lost"),
            (self.lost_received > 0, f"{self.lost_received} rows are lost that the standby had received"),
            (self.primaries > 1, f"{self.primaries} writable primaries at once"),
            (must_serve and not self.serves, "nobody takes writes in the end"),
            (not self.audit_is_whole, "the audit log does not verify"),
            (not self.told, "nobody was told"),
        )
        return tuple(problem for wrong, problem in found if wrong)
