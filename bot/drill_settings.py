"""The settings of what is promised of a recovery, and of drills: [clusters.NAME.objectives], [clusters.NAME.drills]."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import Field, SecretStr, StringConstraints

from bot.settings_mistakes import Mistake
from bot.settings_types import Seconds, Section
from servers.drilling import Drilling, Objectives, RowLimit

_OBJECTIVES = Objectives()

# "database.schema.table": they stand in a host's command line and in SQL, as names that are quoted there.
TableName = Annotated[str, StringConstraints(pattern=r"^[\w$-]{1,63}\.[\w$-]{1,63}\.[\w$-]{1,63}$")]
Count = Annotated[int, Field(ge=0)]
AtLeastOrBetween = Count | tuple[Count, Count]


class ObjectivesSettings(Section):
    """What was promised: the RTO, the RPO, and how long a switchover may keep clients waiting."""

    rto: Seconds = _OBJECTIVES.rto
    rpo: Seconds = _OBJECTIVES.rpo
    outage: Seconds = _OBJECTIVES.outage


class DrillSettings(Section):
    """`rows` has, by database.schema.table, how many rows it must have: at least, or at least and at most."""

    rows: dict[TableName, AtLeastOrBetween] = Field(default_factory=dict)
    random_every: Annotated[int, Field(ge=0, le=100)] = 4
    probe: str | None = None
    probe_password: SecretStr | None = None


def drilling(objectives: ObjectivesSettings, section: DrillSettings) -> Drilling:
    """The same as commands know it."""
    return Drilling(
        Objectives(objectives.rto, objectives.rpo, objectives.outage),
        tuple(_limit(name, count) for name, count in section.rows.items()),
        section.random_every,
        _probe(section),
    )


def drill_secrets(section: DrillSettings) -> Iterator[str]:
    """Every secret of the section."""
    if section.probe_password is not None:
        yield section.probe_password.get_secret_value()
    if section.probe and (password := conninfo_to_dict(section.probe).get("password")):
        yield str(password)


def mistakes_in_drills(key: str, cluster: Mapping[str, Any]) -> Iterator[Mistake]:
    """`cluster` is that cluster's raw section."""
    section = cluster.get("drills")
    if not isinstance(section, Mapping):
        return
    probe = section.get("probe")
    if isinstance(probe, str) and not _is_conninfo(probe):
        wrong, right = "is no libpq connection string", "write host=… port=… dbname=… user=… as libpq does"
        yield Mistake(f"{key}.drills.probe", wrong, right)
    if isinstance(probe, str) and not isinstance(cluster.get("heartbeat"), Mapping):
        right = f"name the database in which our own tables may stand: [{key}.heartbeat] database = …"
        yield Mistake(f"{key}.drills.probe", f"{key}.heartbeat is missing", right)
    rows = section.get("rows")
    for name, count in rows.items() if isinstance(rows, Mapping) else ():
        if isinstance(count, list | tuple) and len(count) == 2 and count[0] > count[1]:
            yield Mistake(f"{key}.drills.rows.{name}", "is from more to less", "write [at least, at most]")


def _limit(name: str, count: int | tuple[int, int]) -> RowLimit:
    database, schema, table = name.split(".")
    least, most = count if isinstance(count, tuple) else (count, None)
    return RowLimit(database, schema, table, least, most)


def _probe(section: DrillSettings) -> str | None:
    if section.probe is None or section.probe_password is None:
        return section.probe
    return make_conninfo(section.probe, password=section.probe_password.get_secret_value())


def _is_conninfo(text: str) -> bool:
    try:
        conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        return False
    return True
