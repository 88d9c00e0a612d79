"""What was typed about a dump or a volume, understood. Pure."""

from collections.abc import Mapping, Sequence

from commands.command import Meant, Misunderstood
from commands.parse import COMMAND, echo, nearest
from servers.backups.partial.place import Part, PartKind
from servers.inventory import Cluster

_KINDS = tuple(str(kind) for kind in PartKind)


def names_a_part(words: Sequence[str], clusters: Mapping[str, Cluster]) -> bool:
    """Whether "dump" or "volume" stands there, and is no cluster's name."""
    return any(word in _KINDS and word not in clusters for word in words)


def understand_part(words: Sequence[str], clusters: Mapping[str, Cluster], usage: str, *before: str) -> Meant:
    """“[cluster] dump NAME”, in this order. `before` comes first in the words of what is meant. Raises Misunderstood.

    The cluster may be left out where the name stands in one only, and the name where there is one only.
    """
    at = next(index for index, word in enumerate(words) if word in _KINDS and word not in clusters)
    kind, homes, rest = PartKind(words[at]), words[:at], words[at + 1 :]
    if len(homes) > 1 or len(rest) > 1:
        raise Misunderstood(f"One {kind} at a time. Type: {COMMAND} {usage}")
    if homes and homes[0] not in clusters:
        known = ", ".join(clusters)
        raise Misunderstood(f"“{echo(homes[0])}” is no cluster. Known: {known}. Type: {COMMAND} {usage}")
    within = [clusters[homes[0]]] if homes else list(clusters.values())
    found = [(cluster, part) for cluster in within for part in parts_of_kind(cluster, kind)]
    meant = [(cluster, part) for cluster, part in found if not rest or part.name == rest[0]]
    if not meant:
        raise Misunderstood(_unknown(kind, rest[0] if rest else "", [part.name for _, part in found]))
    if len(meant) > 1:
        places = ", ".join(f"{cluster.name} {kind} {part.name}" for cluster, part in meant)
        raise Misunderstood(f"Which one? There are {places}. Type: {COMMAND} {usage}")
    ((cluster, part),) = meant
    return Meant(cluster, None, (*before, str(kind), part.name))


def parts_of_kind(cluster: Cluster, kind: PartKind) -> tuple[Part, ...]:
    return cluster.dumps if kind is PartKind.DUMP else cluster.volumes


def part_of(cluster: Cluster, kind: str, name: str) -> Part:
    """Raises Misunderstood where the settings no longer have it."""
    found = next((part for part in parts_of_kind(cluster, PartKind(kind)) if part.name == name), None)
    if found is None:
        known = [part.name for part in parts_of_kind(cluster, PartKind(kind))]
        raise Misunderstood(_unknown(PartKind(kind), name, known))
    return found


def _unknown(kind: PartKind, name: str, known: Sequence[str]) -> str:
    if not known:
        return f"The settings name no {kind}: add [clusters.NAME.{kind}s.NAME]."
    near = nearest(name, known)
    mend = f"Did you mean “{near}”?" if near else f"Known: {', '.join(known)}."
    return f"“{echo(name)}” is no {kind}. {mend}"
