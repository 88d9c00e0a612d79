"""What was typed after `/ha restore`, understood. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from commands.command import Meant, Misunderstood
from commands.parse import COMMAND, echo, nearest, resolve
from commands.restoring.target import parse_target, read_target, write_target
from servers.backups.target import Target
from servers.inventory import Cluster

USAGE = (
    "restore [cluster] --to WHEN [--beside SERVER | --in-place | --standby SERVER | --tables a,b | --from-store] "
    "[--database NAME], or --volume NAME"
)
_BY_OPERATION = ("drop", "cut-over", "settle", "follow", "put-back")
_HYPHENS = ("--", "\N{EM DASH}", "\N{EN DASH}")
MOST_TABLES = 20
LONGEST_NAME = 130  # schema and table, 63 bytes each at most, and the dots


class Way(StrEnum):
    """What becomes of the recovered data."""

    LIST = "list"  # nothing: what there is, and what to type
    BESIDE = "beside"
    IN_PLACE = "in place"
    TABLES = "tables"
    STANDBY = "standby"  # in the place of a standby
    FROM_STORE = "from the store"  # onto a server that has nothing left
    REMOVE = "drop"
    FOLLOW = "follow"  # makes a standby of what stands in a standby's place
    PUT_BACK = "put-back"  # the old directory of a standby again, in the place of what stands there
    SETTLE = "settle"  # takes recovery settings off that a restore in place could not take off
    CUT_OVER = "cut-over"  # in place, to the moment of an instance that stands beside


@dataclass(frozen=True, slots=True)
class Wanted:
    """`tables` are "schema.table" or "table", as they were typed; without any, TABLES means the whole `database`.

    `operation` is the order whose instance is to be dropped; '' for the only one.
    """

    way: Way
    target: Target | None = None
    tables: tuple[str, ...] = ()
    database: str = ""
    operation: str = ""


def understand(words: Sequence[str], zone: tzinfo, now: datetime, clusters: Mapping[str, Cluster]) -> Meant:
    """`words` as they were typed. Raises Misunderstood."""
    names, options = _apart(words)
    if names and names[0].casefold() in _BY_OPERATION:
        way = Way(names[0].casefold())
        cluster, operation = _by_operation(way, names[1:], clusters)
        return Meant(cluster, None, write_wanted(Wanted(way, operation=operation)))
    cluster, server = resolve([name.casefold() for name in names], clusters, USAGE)
    if "to" not in options:
        if options:
            raise Misunderstood(f"To which moment? Type: {COMMAND} {USAGE}")
        return Meant(cluster, server, ())
    way = _way(options)
    target = parse_target(options["to"], now, zone)
    if way is Way.BESIDE and options.get("beside"):
        server = _server(cluster, options["beside"])
    if way is Way.STANDBY:
        server = _server(cluster, options["standby"])
    tables, database = _names(options)
    return Meant(cluster, server, write_wanted(Wanted(way, target, tables, database)))


def write_wanted(wanted: Wanted) -> tuple[str, ...]:
    """The words of `Meant`, in one fixed spelling."""
    return (
        str(wanted.way),
        *((f"to {write_target(wanted.target)}",) if wanted.target else ()),
        *(f"table {name}" for name in wanted.tables),
        *((f"database {wanted.database}",) if wanted.database else ()),
        *((f"operation {wanted.operation}",) if wanted.operation else ()),
    )


def read_wanted(words: Sequence[str]) -> Wanted:
    """Raises Misunderstood for what `write_wanted` did not write."""
    if not words:
        return Wanted(Way.LIST)
    pairs = [word.partition(" ")[::2] for word in words[1:]]
    given = dict(pairs)
    try:
        return Wanted(
            Way(words[0]),
            read_target(given["to"]) if "to" in given else None,
            tuple(value for name, value in pairs if name == "table"),
            given.get("database", ""),
            given.get("operation", ""),
        )
    except ValueError:
        raise Misunderstood("This order cannot be read any more. Ask again.") from None


_OPTIONS = ("to", "beside", "in-place", "standby", "tables", "database", "from-store")


def _apart(words: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """What stands before the first option, and each option with what stands behind it."""
    names: list[str] = []
    options: dict[str, list[str]] = {}
    here = names
    for word in words:
        hyphen = next((one for one in _HYPHENS if word.startswith(one) and len(word) > len(one)), None)
        if hyphen is None:
            here.append(word)
            continue
        name, _, value = word.removeprefix(hyphen).casefold().partition("=")
        if name not in _OPTIONS or name in options:
            near = nearest(name, _OPTIONS)
            mend = f"Did you mean --{near}?" if near and name not in options else f"Type: {COMMAND} {USAGE}"
            raise Misunderstood(f"“{echo(word)}” is {'there twice' if name in options else 'no option'}. {mend}")
        here = options[name] = [value] if value else []
    return names, options


def _way(options: Mapping[str, Sequence[str]]) -> Way:
    ways = [way for name, way in _WAYS.items() if name in options]
    if len(set(ways)) > 1:
        raise Misunderstood(f"Only one of {', '.join(f'--{name}' for name in _WAYS)}. Type: {COMMAND} {USAGE}")
    return ways[0] if ways else Way.BESIDE


_WAYS = {
    "beside": Way.BESIDE,
    "in-place": Way.IN_PLACE,
    "standby": Way.STANDBY,
    "tables": Way.TABLES,
    "database": Way.TABLES,
    "from-store": Way.FROM_STORE,
}


def _server(cluster: Cluster, words: Sequence[str]) -> str:
    name = " ".join(words).casefold()
    known = [server.name for server in cluster.servers]
    if name not in known:
        raise Misunderstood(f"“{echo(name)}” is no server of {cluster.name}. Known: {', '.join(known)}.")
    return name


def _names(options: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], str]:
    joined = " ".join(options.get("tables", ())).replace(",", " ").split()
    tables = tuple(dict.fromkeys(joined))
    if "tables" in options and not tables:
        raise Misunderstood("Which tables? Type: --tables orders,sales.items")
    if len(tables) > MOST_TABLES:
        raise Misunderstood(f"{len(tables)} tables are too many at once; {MOST_TABLES} at most.")
    bad = [name for name in (*tables, *options.get("database", ())) if len(name) > LONGEST_NAME or name.count(".") > 1]
    if bad:
        raise Misunderstood(f"“{echo(bad[0])}” is no table. Type it as table or schema.table")
    database = " ".join(options.get("database", ()))
    if "database" in options and not database:
        raise Misunderstood("Which database? Type: --database NAME")
    return tables, database


def _by_operation(way: Way, names: Sequence[str], clusters: Mapping[str, Cluster]) -> tuple[Cluster, str]:
    """The cluster, and the operation where one is named."""
    usage = f"restore {way} [cluster] [operation]"
    known = [name.casefold() for name in names if name.casefold() in clusters]
    rest = [name for name in names if name.casefold() not in clusters]
    if len(known) > 1 or len(rest) > 1:
        raise Misunderstood(f"Which one? Type: {COMMAND} {usage}")
    cluster, _ = resolve(known, clusters, usage)
    return cluster, rest[0].upper() if rest else ""
