"""The steps after a cluster was opened again that make it whole: the archive, the standbys, a new backup. Pure."""

from collections.abc import Iterable

from commands.plan import Step
from commands.rejoining.steps import job_timeout
from commands.restoring import in_place_steps as steps

ARCHIVE_SECONDS = 120.0


def afterwards(here: str, standbys: Iterable[str], size: int) -> tuple[Step, ...]:
    """`size` is about how many bytes the data has."""
    again = (step for name in standbys for step in _standby(name, here, job_timeout(size)))
    return _archive(here), *again, _back_up(here, size)


def _archive(here: str) -> Step:
    does = (
        "Where its own settings do not archive, Understudy's script is put there, archive_command and archive_mode are "
        "set, and it is restarted if that takes one."
    )
    return Step("archive_again", here, "Archive WAL again", does, "a file reaches the archive", ARCHIVE_SECONDS)


def _standby(name: str, primary: str, timeout: float) -> tuple[Step, ...]:
    return (
        steps.rebuild_copy(name, primary, timeout),
        steps.rebuild_place(name),
        steps.rebuild_start(name, primary),
    )


def _back_up(here: str, size: int) -> Step:
    does = f"pg_basebackup copies {here}, so that the way back does not begin at the old backup any more."
    return Step(
        "back_up_again", here, "Take a full backup", does, "the tool says that it is complete", job_timeout(size)
    )
