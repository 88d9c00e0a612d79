"""What `--to` means: one moment or none, never another one than was typed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.command import Misunderstood
from commands.restoring.target import parse_target, read_target, write_target
from commands.restoring.words import Wanted, Way, read_wanted, understand
from servers.backups.target import IMMEDIATE, LATEST, Target, TargetKind
from servers.lsn import Lsn
from tests.commands.inventory import SHOP

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)  # the clocks of Berlin were put forward this night
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]).map(
    ZoneInfo
)
MOMENTS = st.integers(0, 25 * 365 * 86400 * 1000).map(
    lambda tick: datetime(2001, 1, 1, tzinfo=UTC) + timedelta(milliseconds=tick)
)


def meant(text: str, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> Target:
    return parse_target(text.split(), now, zone)


def understood(text: str, zone: ZoneInfo) -> tuple[Target | None, str]:
    """What was understood, or why not."""
    try:
        return meant(text, zone=zone), ""
    except Misunderstood as refused:
        return None, str(refused)


@pytest.mark.parametrize(
    ("typed", "utc"),
    [
        ("10 minutes ago", "2026-03-29 11:50:00"),
        ("an hour ago", "2026-03-29 11:00:00"),
        ("1 h 30 min ago", "2026-03-29 10:30:00"),
        ("13:05", "2026-03-29 11:05:00"),
        ("today 01:59:30.5", "2026-03-29 00:59:30.5"),
        ("yesterday 23:00", "2026-03-28 22:00:00"),
        ("Yesterday 23:00 UTC", "2026-03-28 23:00:00"),
        ("2026-01-31 03:12", "2026-01-31 02:12:00"),
        ("2026-01-31T03:12:00Z", "2026-01-31 03:12:00"),
        ("2026-01-31 03:12:00+02:00", "2026-01-31 01:12:00"),
        ("2026-01-31t03:12 utc", "2026-01-31 03:12:00"),
        ("“10 min ago”", "2026-03-29 11:50:00"),
    ],
)
def test_a_moment_is_on_the_askers_clock_unless_it_names_another(typed: str, utc: str) -> None:
    assert meant(typed) == Target.time(datetime.fromisoformat(f"{utc}+00:00"))


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("0/5000028", Target.position(Lsn(0x5000028))),
        ("lsn 1/ab", Target.position(Lsn(0x1000000AB))),
        ("point Before Migration", Target(TargetKind.NAME, text="Before Migration")),
        ("xid 1234", Target(TargetKind.XID, text="1234")),
        ("Latest", LATEST),
        ("immediate", IMMEDIATE),
    ],
)
def test_what_postgresql_finds_in_the_wal_is_left_as_it_was_typed(typed: str, target: Target) -> None:
    assert meant(typed) == target


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ("14:05", "still to come"),
        ("14:05", "Meant: 2026-03-28T12:05:00Z"),
        ("02:30", "2026-03-29T00:30:00Z or 2026-03-29T01:30:00Z"),
        ("2025-10-26 02:30", "Type 2025-10-26T00:30:00Z or 2025-10-26T01:30:00Z"),
        ("25:00", "no such time of day"),
        ("2026-02-30 10:00", "no such day"),
        ("03/04 10:00", "is no moment"),
        ("ago", "is no moment"),
        ("99999999 days ago", "is no moment"),
        ("0001-01-01 00:00", "is no moment"),
        ("xid 1", "number from 3"),
        ("xid ²", "number from 3"),
        ("point", "Which restore point?"),
        (f"point {'x' * 64}", "1 to 63 bytes"),
    ],
)
def test_what_could_mean_two_moments_or_none_is_refused_with_what_was_possibly_meant(typed: str, because: str) -> None:
    with pytest.raises(Misunderstood) as refused:
        meant(typed)
    assert because in str(refused.value)


@given(MOMENTS, ZONES)
def test_what_a_clock_shows_is_that_moment_or_is_refused(at: datetime, zone: ZoneInfo) -> None:
    local = at.replace(microsecond=0).astimezone(zone)
    found, refused = understood(f"{local:%Y-%m-%d %H:%M:%S}", zone)
    if found is None:
        assert f"{at:%Y-%m-%dT%H:%M:%SZ}" in refused  # shown twice that night: the right one is among the two
    else:
        assert found.at == at.replace(microsecond=0)


@given(MOMENTS, ZONES)
def test_the_fixed_spelling_is_read_back_as_it_was(at: datetime, zone: ZoneInfo) -> None:
    target = meant(at.astimezone(zone).isoformat(), zone=zone)
    assert target == Target.time(at)
    assert read_target(write_target(target)) == target


@given(st.integers(1, 999_999), st.sampled_from([("s", 1), ("min", 60), ("hours", 3600)]))
def test_ago_is_that_long_before_now_wherever_one_is(count: int, unit: tuple[str, int]) -> None:
    word, seconds = unit
    if count * seconds < timedelta(days=300_000).total_seconds():
        assert meant(f"{count} {word} ago").at == NOW - timedelta(seconds=count * seconds)


@given(st.text(max_size=60), ZONES)
def test_whatever_is_typed_is_understood_or_refused_in_one_line_and_never_to_come(text: str, zone: ZoneInfo) -> None:
    target, refused = understood(text, zone)
    assert "\n" not in refused
    if target is not None:
        assert target.at is None or target.at <= NOW
        assert read_target(write_target(target)) == target


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}(\.[A-Za-z_]{1,20})?", fullmatch=True)


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True), MOMENTS)
def test_an_order_means_the_same_when_it_is_read_back(tables: list[str], at: datetime) -> None:
    typed = ["shop", "--to", *at.isoformat(sep=" ").split(" "), "\N{EM DASH}tables", ",".join(tables)]
    order = understand(typed, UTC, NOW, {"shop": SHOP})
    assert read_wanted(order.words) == Wanted(Way.TABLES, Target.time(at), tuple(tables))
    assert (order.cluster, order.server) == (SHOP, None)
