"""From typed text to a command and its arguments.

Nothing typed is interpreted: it is split at white space and looked up.

Whatever cannot be looked up comes back as one line: what was understood, and what to type.
"""

import difflib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from commands.command import Misunderstood
from servers.inventory import Cluster

COMMAND = "/ha"
LONGEST_ECHO = 60
LONGEST_TEXT = 300
MOST_WORDS = 16  # `audit` with every filter
HELP = "help"
# Phones turn two hyphens into a dash.
_HYPHENS = ("--", "\N{EM DASH}", "\N{EN DASH}")
DRY_RUN = tuple(f"{hyphens}dry-run" for hyphens in _HYPHENS)
BREAK_GLASS = tuple(f"{hyphens}break-glass" for hyphens in _HYPHENS)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was understood: the name of a command, and its arguments in small letters.

    `dry_run`: only the plan is wanted. `alone`: it is to be started under break glass. `words` are the arguments as
    they were typed.
    """

    name: str
    arguments: tuple[str, ...] = ()
    dry_run: bool = False
    words: tuple[str, ...] = field(default=(), compare=False)
    alone: bool = False


def echo(text: str) -> str:
    """What somebody typed, safe to show: on one line, at most 60 characters, nothing invisible or reordering."""
    # Cut first: normalising 10 kB of combining characters to show sixty would be work for nothing.
    head = text[: LONGEST_ECHO * 2]
    line = " ".join("".join(" " if _unfit(character) else character for character in head).split())
    return line if len(line) <= LONGEST_ECHO and len(head) == len(text) else f"{line[: LONGEST_ECHO - 1]}…"


def parse(text: str, names: Sequence[str], wordy: Collection[str] = ()) -> Typed:
    """The command that was typed, out of those names; after the `wordy` ones a sentence may follow. Raises
    Misunderstood."""
    if len(text) > LONGEST_TEXT:
        raise Misunderstood(
            f"That is {len(text)} characters long, beginning with “{echo(text)}”; a command is a few words. "
            f"Type: {COMMAND} {HELP}"
        )
    words = text.split()
    if words and words[0].casefold() in (COMMAND, COMMAND.strip("/")):
        words = words[1:]
    dry_run = any(word.casefold() in DRY_RUN for word in words)
    alone = any(word.casefold() in BREAK_GLASS for word in words)
    words = [word for word in words if word.casefold() not in (*DRY_RUN, *BREAK_GLASS)]
    if not words:
        return Typed(HELP)
    two = " ".join(words[:2]).casefold()
    if two in names:
        words = [two, *words[2:]]
    name, arguments = words[0].casefold(), [word.casefold() for word in words[1:]]
    if name not in names:
        raise Misunderstood(_unknown_command(name, names))
    if len(arguments) > MOST_WORDS and name not in wordy:
        raise Misunderstood(f"“{name}” with {len(arguments)} words after it is too much. Type: {COMMAND} {HELP} {name}")
    return Typed(name, tuple(arguments), dry_run, tuple(words[1:]), alone)


def resolve(arguments: Sequence[str], clusters: Mapping[str, Cluster], usage: str) -> tuple[Cluster, str | None]:
    """The cluster and the server that were meant. Raises Misunderstood.

    The cluster may be left out when there is one only, or when the server's name stands in one cluster only.
    """
    if len(arguments) > 2:
        typed = " ".join(arguments)
        raise Misunderstood(f"“{echo(typed)}” is more than a cluster and a server. Type: {COMMAND} {usage}")
    if not arguments:
        return _only(clusters, usage), None
    if len(arguments) == 1:
        return _one_name(arguments[0], clusters, usage)
    first, second = arguments
    if first in clusters:
        return clusters[first], _server_of(clusters[first], second, usage)
    if second in clusters:
        return clusters[second], _server_of(clusters[second], first, usage)
    known = _homes(first, clusters) or _homes(second, clusters)
    if known:
        stranger = second if _homes(first, clusters) else first
        raise Misunderstood(_no_such("cluster", stranger, tuple(clusters), usage))
    raise Misunderstood(_no_such("cluster", first, tuple(clusters), usage))


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that is most like what was typed, if any is."""
    return next(iter(difflib.get_close_matches(name[:LONGEST_ECHO], known, n=1, cutoff=0.5)), None)


def _only(clusters: Mapping[str, Cluster], usage: str) -> Cluster:
    if len(clusters) == 1:
        return next(iter(clusters.values()))
    names = _listed(tuple(clusters))
    raise Misunderstood(f"Which cluster? There are {names}. Type: {COMMAND} {usage}")


def _one_name(name: str, clusters: Mapping[str, Cluster], usage: str) -> tuple[Cluster, str | None]:
    homes = _homes(name, clusters)
    if name in clusters:
        elsewhere = [home for home in homes if home.name != name]
        if elsewhere:
            word = usage.split()[0]
            raise Misunderstood(
                f"“{name}” is a cluster and a server of {elsewhere[0].name}. "
                f"Type: {COMMAND} {word} {elsewhere[0].name} {name} for the server"
            )
        return clusters[name], None
    if len(homes) == 1:
        return homes[0], name
    if homes:
        word = usage.split()[0]
        places = _listed(tuple(home.name for home in homes))
        raise Misunderstood(f"“{name}” is a server of {places}. Type: {COMMAND} {word} {homes[0].name} {name}")
    servers = tuple(server.name for cluster in clusters.values() for server in cluster.servers)
    raise Misunderstood(_no_such("cluster or server", name, (*clusters, *servers), usage))


def _server_of(cluster: Cluster, name: str, usage: str) -> str:
    names = tuple(server.name for server in cluster.servers)
    if name not in names:
        raise Misunderstood(_no_such(f"server of {cluster.name}", name, names, usage))
    return name


def _homes(name: str, clusters: Mapping[str, Cluster]) -> list[Cluster]:
    return [cluster for cluster in clusters.values() if any(server.name == name for server in cluster.servers)]


def _unknown_command(name: str, names: Sequence[str]) -> str:
    near = nearest(name, names)
    mend = f"Did you mean {COMMAND} {near}?" if near else f"Type: {COMMAND} {HELP}"
    return f"“{echo(name)}” is no command. {mend}"


def _no_such(what: str, name: str, known: Sequence[str], usage: str) -> str:
    near = nearest(name, known)
    mend = f"Did you mean “{near}”?" if near else f"Known: {_listed(tuple(dict.fromkeys(known)))}."
    return f"“{echo(name)}” is no {what}. {mend} Type: {COMMAND} {usage}"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _unfit(character: str) -> bool:
    """Control, format (direction marks, zero width), surrogate, private and unassigned characters, and line ends."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
