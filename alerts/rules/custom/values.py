"""The names of all values that probes observe, for rules of the settings to speak of."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache

import alerts.probes
import servers.watching.services

# What a kind of service measures has its name where it is measured.
_PACKAGES = (alerts.probes, servers.watching.services)
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@cache
def value_names() -> tuple[str, ...]:
    """By the convention of the probes: each name stands in a public constant of the probe's module, or is its key; so
    with the kinds of services."""
    names: set[str] = set()
    for package in _PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for constant, value in vars(importlib.import_module(found.name)).items():
                if _CONSTANT.fullmatch(constant):
                    names.update(_names_in(value))
    return tuple(sorted(names))


def _names_in(value: object) -> Iterator[str]:
    candidates = value if isinstance(value, Mapping) else (value,)
    return (str(name) for name in candidates if isinstance(name, str) and _NAME.fullmatch(name))
