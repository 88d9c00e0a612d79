"""Whether a cached directory is still whole: programs that tidy temporary files away may have been at it."""

import json
import os
from pathlib import Path

_NAME = "inventory.json"


def write_inventory(directory: Path) -> None:
    """Note every file in a directory with its size, in the directory."""
    (directory / _NAME).write_text(json.dumps(_inventory(directory)))


def is_whole(directory: Path) -> bool:
    """Whether every file that was noted is there with its size, and no other."""
    try:
        noted = json.loads((directory / _NAME).read_text())
    except (OSError, ValueError):
        return False
    return bool(noted == _inventory(directory))


def _inventory(directory: Path) -> dict[str, int]:
    paths = (os.path.join(place, name) for place, _, names in os.walk(directory) for name in names)
    sizes = {os.path.relpath(path, directory): os.lstat(path).st_size for path in paths}
    sizes.pop(_NAME, None)
    return sizes
