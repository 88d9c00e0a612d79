"""What `understudy check` says of a host: what cannot be read is named, with why."""

from dataclasses import replace

from bot.check.finding import Outcome
from bot.check.hosts import finding
from servers.watching.hosts.facts import Found, HostWatch
from tests.alerts.looks import ANSWERED, CLUSTER, UNREACHABLE
from tests.alerts.test_host_alerts import WELL


def test_a_host_that_tells_everything_works() -> None:
    found = finding(CLUSTER, WELL)
    assert (found.subject, found.outcome, found.mend) == ("shop/db1", Outcome.WORKS, "")
    assert found.seen.startswith("disks, load, memory")


def test_what_cannot_be_read_is_named_and_what_is_not_there_is_not_missed() -> None:
    host = replace(WELL, drives=Found(None, "Permission denied"), arrays=Found(None, "no RAID", absent=True))
    found = finding(CLUSTER, host)
    assert found.outcome is Outcome.WARNING
    assert found.seen.endswith("; unknown: drives: Permission denied")
    assert "RAID" not in found.seen


def test_a_host_that_does_not_answer_is_broken() -> None:
    assert finding(CLUSTER, HostWatch("db1", UNREACHABLE)).outcome is Outcome.BROKEN
    assert finding(CLUSTER, HostWatch("db1", ANSWERED)).seen.startswith("nothing; unknown: disks: not looked at yet")
