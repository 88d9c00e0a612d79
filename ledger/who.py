"""A person as the ledger remembers them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Who:
    """`id` is what rights hang on (a Slack user id, "os:NAME"); `name` is for people to read."""

    id: str
    name: str
