"""Patroni's JSON, as values. What it does not say, or says in another shape, is an error here and nowhere else.

https://patroni.readthedocs.io/en/latest/rest_api.html
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from servers.engines.engine import ActionFailed
from servers.patroni_state import HistoryEntry, PatroniConfig, PatroniMember, ScheduledSwitchover


class _Member(BaseModel):
    name: str
    role: str
    state: str = ""
    lag: int | str | None = None
    timeline: int | None = None
    pending_restart: bool = False
    tags: dict[str, Any] = Field(default_factory=dict)


class _Scheduled(BaseModel):
    at: AwareDatetime
    source: str | None = Field(default=None, alias="from")
    target: str | None = Field(default=None, alias="to")


class _Cluster(BaseModel):
    members: list[_Member]
    pause: bool = False
    scheduled_switchover: _Scheduled | None = None


class _Config(BaseModel):
    ttl: float = 30.0
    loop_wait: float = 10.0
    retry_timeout: float = 10.0
    maximum_lag_on_failover: int = 1_048_576
    synchronous_mode: bool | str = False


class _Instance(BaseModel):
    role: str = ""
    postmaster_start_time: datetime | None = None
    dcs_last_seen: int | None = None  # seconds since 1970; since Patroni 2.1.2


# A line of /history: [timeline, lsn, reason, when, new leader]; the last two were added later.
_HISTORY = TypeAdapter(list[list[int | str]])


@dataclass(frozen=True, slots=True)
class ClusterAnswer:
    """What /cluster says."""

    members: tuple[PatroniMember, ...]
    paused: bool
    scheduled: ScheduledSwitchover | None


def cluster_of(text: str) -> ClusterAnswer:
    """From /cluster. ActionFailed when it is something else."""
    try:
        read = _Cluster.model_validate_json(text)
    except ValidationError as error:
        raise _nonsense("/cluster", error) from None
    scheduled = read.scheduled_switchover
    return ClusterAnswer(
        members=tuple(_member(one) for one in read.members),
        paused=read.pause,
        scheduled=ScheduledSwitchover(scheduled.at, scheduled.source, scheduled.target) if scheduled else None,
    )


def config_of(text: str) -> PatroniConfig:
    """From /config. ActionFailed when it is something else."""
    try:
        read = _Config.model_validate_json(text)
    except ValidationError as error:
        raise _nonsense("/config", error) from None
    mode = str(read.synchronous_mode).casefold()
    return PatroniConfig(
        ttl=read.ttl,
        loop_wait=read.loop_wait,
        retry_timeout=read.retry_timeout,
        maximum_lag_on_failover=read.maximum_lag_on_failover,
        synchronous_mode=mode in ("true", "on", "quorum"),
        quorum_commit=mode == "quorum",
    )


def history_of(text: str) -> tuple[HistoryEntry, ...]:
    """From /history, the oldest first. ActionFailed when it is something else."""
    try:
        lines = _HISTORY.validate_json(text)
        return tuple(_entry(line) for line in lines)
    except (ValidationError, IndexError, ValueError) as error:
        raise _nonsense("/history", error) from None


def started_at_of(text: str) -> datetime | None:
    """From /patroni: since when its PostgreSQL runs; None while it does not."""
    try:
        return _Instance.model_validate_json(text).postmaster_start_time
    except ValidationError as error:
        raise _nonsense("/patroni", error) from None


def dcs_seen_at_of(text: str) -> datetime | None:
    """From /patroni: when that member last reached the DCS, by its own clock; None where it does not say."""
    try:
        seconds = _Instance.model_validate_json(text).dcs_last_seen
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValidationError, ValueError, OverflowError, OSError) as error:
        raise _nonsense("/patroni", error) from None


def is_primary_of(text: str) -> bool:
    """From /patroni: whether its PostgreSQL itself says that it is no standby (“master” until Patroni 3)."""
    try:
        return _Instance.model_validate_json(text).role in ("primary", "master")
    except ValidationError as error:
        raise _nonsense("/patroni", error) from None


def _member(read: _Member) -> PatroniMember:
    return PatroniMember(
        name=read.name,
        role=read.role,
        state=read.state,
        lag=read.lag if isinstance(read.lag, int) else None,
        timeline=read.timeline,
        pending_restart=read.pending_restart,
        tags=tuple(sorted((name, str(value)) for name, value in read.tags.items())),
    )


def _entry(line: list[int | str]) -> HistoryEntry:
    at, leader = (*(str(word) for word in line[3:5]), "", "")[:2]
    return HistoryEntry(int(line[0]), str(line[2]), _moment(at), leader)


def _moment(text: str) -> datetime | None:
    """ISO 8601, in UTC where it names no zone."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _nonsense(path: str, error: Exception) -> ActionFailed:
    lines = str(error).splitlines()
    return ActionFailed(f"Patroni's answer to {path} makes no sense ({lines[0]}). Is that Patroni's REST API?")
