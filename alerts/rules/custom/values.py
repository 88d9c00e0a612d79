"""The names of all values that probes observe, for rules of the settings to speak of."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache

import alerts.probes

_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@cache
def value_names() -> tuple[str, ...]:
    """By the convention of the probes: each name stands in a public constant of the probe's module, or is its key."""
    names: set[str] = set()
    for found in pkgutil.walk_packages(alerts.probes.__path__, f"{alerts.probes.__name__}."):
        for constant, value in vars(importlib.import_module(found.name)).items():
            if _CONSTANT.fullmatch(constant):
                names.update(_names_in(value))
    return tuple(sorted(names))


def _names_in(value: object) -> Iterator[str]:
    candidates = value if isinstance(value, Mapping) else (value,)
    return (str(name) for name in candidates if isinstance(name, str) and _NAME.fullmatch(name))
