"""Short ids that a half-awake person can read aloud: no vowels (no words), nothing that looks like something else."""

import secrets
from collections.abc import Callable

ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
LENGTH = 4
TRIES_PER_LENGTH = 20
_LONGEST = 12


def may_be_id(text: str) -> bool:
    """Whether it looks like an id. What somebody typed may be anything, also what no database can be asked for."""
    return 0 < len(text) <= _LONGEST and set(text) <= set(ALPHABET)


def short_id(taken: Callable[[str], bool], prefix: str = "") -> str:
    """A random id that is not taken, such as "7K3F"; longer once the short ones run out."""
    length = LENGTH
    while True:
        for _ in range(TRIES_PER_LENGTH):
            candidate = prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))
            if not taken(candidate):
                return candidate
        length += 1
