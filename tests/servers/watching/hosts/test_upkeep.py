"""What waits for an administrator, from what the host prints."""

import pytest

from servers.sections import Sections
from servers.watching.hosts.answers import Printed
from servers.watching.hosts.facts import Reboot
from servers.watching.hosts.upkeep import failed_units, reboot, synchronised

NOW = 1_700_000_000
DAY = 86_400


def sections(kernel: str, installed: dict[str, int], mark: int | None = None) -> Sections:
    values = {
        "now": [str(NOW)],
        "kernel": [kernel],
        "kernel_installed": [f"{NOW - age} /lib/modules/{name}/modules.dep" for name, age in installed.items()],
    }
    if mark is not None:
        values["reboot_required"] = [str(NOW - mark)]
    return Sections(values)


@pytest.mark.parametrize(
    ("running", "installed", "waits"),
    [
        ("6.1.0-18-amd64", {"6.1.0-18-amd64": 0}, 0),
        ("6.1.0-18-amd64", {"6.1.0-17-amd64": DAY, "6.1.0-18-amd64": DAY, "6.1.0-21-amd64": 3 * DAY}, 3 * DAY),
        ("5.14.0-427.13.1.el9_4.x86_64", {"5.14.0-427.el9.x86_64": DAY}, 0),
        ("5.14.0-427.el9.x86_64", {"5.14.0-427.13.1.el9_4.x86_64": DAY}, DAY),
        # Another flavour is no successor, be its number what it may.
        ("6.5.0-35-generic", {"6.5.0-1024-aws": DAY, "6.8.0-1-lowlatency": DAY}, 0),
        ("6.8.4-2-pve", {"6.8.12-1-pve": 2 * DAY, "6.8.12-4-pve": DAY}, 2 * DAY),
        # A container has its host's kernel, and none installed.
        ("6.18.44", {}, 0),
    ],
)
def test_a_kernel_that_is_newer_than_the_running_one_waits_for_a_reboot(
    running: str, installed: dict[str, int], waits: int
) -> None:
    found = reboot(sections(running, installed)).value
    assert found is not None
    assert (bool(found.reasons), found.waits) == (bool(waits), waits)


def test_debians_mark_says_so_too_and_the_longest_wait_counts() -> None:
    found = reboot(sections("6.1.0-18-amd64", {"6.1.0-21-amd64": DAY}, mark=5 * DAY)).value
    assert found == Reboot(
        (
            "the system asks for it (/run/reboot-required)",
            "kernel 6.1.0-18-amd64 runs, 6.1.0-21-amd64 is installed",
        ),
        5 * DAY,
    )
    assert reboot(Sections()).value is None


def test_failed_units_by_name_without_those_that_only_fetch_news() -> None:
    text = (
        "backup.service loaded failed failed Nightly copy\n"
        "motd-news.service loaded failed failed Message of the day\n"
        "\u25cf srv-data.mount loaded failed failed /srv/data\n"
    )
    assert failed_units(Printed(text, 0)).value == ("backup.service", "srv-data.mount")
    assert failed_units(Printed("", 0)).value == ()
    assert failed_units(None).absent


TRACKING = "Reference ID    : C0A80101 (ntp.example)\nStratum         : 3\nLeap status     : {}\n"


@pytest.mark.parametrize(
    ("kernel", "chrony", "expected"),
    [
        ("0", None, True),
        ("5", None, False),
        # Without rtcsync chrony leaves the kernel's mark alone.
        ("5", TRACKING.format("Normal"), True),
        ("5", TRACKING.format("Not synchronised"), False),
        ("5", "506 Cannot talk to daemon\n", False),
        ("", TRACKING.format("Normal"), True),
        ("", None, None),
        ("nonsense", None, None),
    ],
)
def test_a_clock_is_synchronised_by_the_kernel_or_by_chrony(
    kernel: str, chrony: str | None, expected: bool | None
) -> None:
    assert synchronised(kernel, Printed(chrony, 0) if chrony is not None else None).value is expected
