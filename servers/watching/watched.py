"""What the slower watches saw: one field a topic, which probes read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watched:
    """The last answers, each None until there is one, and where nothing is to be watched."""


NOTHING_WATCHED = Watched()
