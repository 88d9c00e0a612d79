"""Whose right and policy count for an order: its own, but where its words have it do what another order does. Pure."""

from collections.abc import Mapping, Sequence

# (order, its first word) → the order whose right and policy hold. A drill that switches over touches production.
_AS: Mapping[tuple[str, str], str] = {("drill", "failover"): "promote", ("drill", "full"): "promote"}


def governed_by(order: str, words: Sequence[str]) -> str:
    """The name of the order whose policy counts; `words` are what was said besides (`commands.command.Meant`)."""
    return _AS.get((order, words[0] if words else ""), order)


def right_of(order: str, right: str, words: Sequence[str]) -> str:
    """The right that counts: the order's own, or that of the order that governs it, which is called like it."""
    governing = governed_by(order, words)
    return right if governing == order else governing


def governed_elsewhere(order: str) -> Mapping[str, tuple[str, ...]]:
    """Which other order's right and policy hold, with the first words of this one for which they do."""
    found: dict[str, tuple[str, ...]] = {}
    for (name, word), governing in _AS.items():
        if name == order:
            found[governing] = (*found.get(governing, ()), word)
    return found
