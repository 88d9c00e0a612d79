"""What is different between the plan that people saw and the plan of now, in words."""

import json
from collections.abc import Mapping

_WORDS = (
    ("kind", "it was a {}, now it is a {}"),
    ("cluster", "the cluster was {}, now it is {}"),
    ("system_identifier", "the system identifier was {}, now it is {}"),
    ("timeline", "the timeline was {}, now it is {}"),
    ("from", "the primary was {}, now it is {}"),
    ("to", "the new primary was to be {}, now it would be {}"),
    ("steps", "the steps were {}, now they are {}"),
    ("risks", "the risks were: {}; now they are: {}"),
    ("facts", "it was about {}; now it is about {}"),
)


def what_changed(before: str, now: str) -> tuple[str, ...]:
    """One line for each material fact that differs; both texts are `Plan.material`, empty when they are equal.

    `before` may have come back from outside: whatever cannot be read counts as changed.
    """
    old, new = _facts(before), _facts(now)
    differs = [key for key, _ in _WORDS if old.get(key) != new.get(key)]
    if "kind" in differs and "steps" in differs:
        differs.remove("steps")  # another kind of order has other steps: that needs no saying
    lines = tuple(words.format(_word(old.get(key)), _word(new.get(key))) for key, words in _WORDS if key in differs)
    lines += _other_settings(_digests(old), _digests(new), alone=not lines)
    return lines or (() if before == now else ("the plan is another one",))


def _other_settings(old: Mapping[str, str], new: Mapping[str, str], *, alone: bool) -> tuple[str, ...]:
    """Which names lead elsewhere. Names that only one of the plans has need no saying, unless nothing else differs."""
    moved = {name for name in old if name in new and old[name] != new[name]}
    names = moved or ({name for name, _ in old.items() ^ new.items()} if alone else set())
    return (f"the settings of {' and '.join(sorted(names))} were changed",) if names else ()


def _digests(facts: Mapping[str, object]) -> Mapping[str, str]:
    pairs = facts.get("settings")
    if not isinstance(pairs, list):
        return {}
    return {str(pair[0]): str(pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2}


def _facts(material: str) -> Mapping[str, object]:
    try:
        facts = json.loads(material)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _word(value: object) -> str:
    if value is None:
        return "not known"
    if isinstance(value, list):
        items = (" ".join(map(str, item)) if isinstance(item, list) else str(item) for item in value)
        return ", ".join(items) or "none"
    return str(value)
