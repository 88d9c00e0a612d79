"""What our scripts print: lines `@key value`, and blocks `@key`, lines, `@end`."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sections:
    """A script's output, taken apart. A key that comes more than once has all its values, in order."""

    values: dict[str, list[str]] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)

    def one(self, key: str) -> str | None:
        """The first value of the key, or None."""
        return next(iter(self.values.get(key, ())), None)


def parse_sections(text: str, block_keys: frozenset[str], loose_keys: frozenset[str] = frozenset()) -> Sections:
    """Take the output apart. Lines with a key of `loose_keys` may come anywhere, because they are printed meanwhile."""
    found = Sections()
    lines = iter(text.splitlines())
    for line in lines:
        key, value = _key_and_value(line)
        if key in block_keys:
            found.blocks[key] = "\n".join(_block(lines, found, loose_keys))
        elif key:
            found.values.setdefault(key, []).append(value)
    return found


def _block(lines: Iterator[str], found: Sections, loose_keys: frozenset[str]) -> Iterator[str]:
    for line in lines:
        key, value = _key_and_value(line)
        if key == "end":
            return
        if key in loose_keys:
            found.values.setdefault(key, []).append(value)
        else:
            yield line


def _key_and_value(line: str) -> tuple[str, str]:
    if not line.startswith("@"):
        return "", ""
    key, _, value = line[1:].partition(" ")
    return key, value.strip()
