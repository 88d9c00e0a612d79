"""The names of all values that probes observe, for rules of the settings to speak of."""

import importlib
import pkgutil
import re
from functools import cache

import alerts.probes

_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@cache
def value_names() -> tuple[str, ...]:
    """By the convention of the probes: each name stands in a public constant of the probe's module."""
    names = set()
    for found in pkgutil.walk_packages(alerts.probes.__path__, f"{alerts.probes.__name__}."):
        for constant, name in vars(importlib.import_module(found.name)).items():
            if _CONSTANT.fullmatch(constant) and isinstance(name, str) and _NAME.fullmatch(name):
                names.add(str(name))
    return tuple(sorted(names))
