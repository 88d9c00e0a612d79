"""What a paging service is: it is told of an alert, under one key from its beginning to its end."""

from dataclasses import dataclass
from typing import Protocol

from ledger.alerts import AlertRow
from ledger.forwarding import Told


@dataclass(frozen=True, slots=True)
class Word:
    """What is told: the alert, its headline, and what the service is to know of it from now on."""

    alert: AlertRow
    title: str
    told: Told

    @property
    def key(self) -> str:
        """The same for every word about one alert, after a restart too: by it the service knows that it is one."""
        return f"understudy/{self.alert.id}"


class PagingService(Protocol):
    """One service with its credentials. `name` stands in the ledger."""

    @property
    def name(self) -> str: ...

    async def tell(self, word: Word) -> None:
        """Raises bot.asking.NotAnswered."""
        ...
