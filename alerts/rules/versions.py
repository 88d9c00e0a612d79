"""The servers run the same release of PostgreSQL, and one that is mended."""

from alerts.dependencies import Layer
from alerts.probes.versions import RELEASE_OUTDATED, RELEASE_UNSUPPORTED, VERSIONS_DIFFER
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown, above
from ledger.alerts import Severity
from ledger.quantities import seconds_text

VERSIONS_APART = Rule(
    name="versions_differ",
    observes=(VERSIONS_DIFFER,),
    title="{cluster}: {subject} runs another release of PostgreSQL than the primary",
    resolved_title="{cluster}: {subject} runs the primary's release",
    judge=above(
        VERSIONS_DIFFER,
        lambda thresholds: 0.0,
        lambda value: "another release" if value else "the same release",
        threshold="the same release",
    ),
    hold=lambda thresholds: thresholds.versions_differ_for,
    why="An update was left half done: after a failover what one release has mended is broken again.",
    mend="Update the other one too: the standby first, then switch over, then the old primary.",
    about=Layer.INSIDE,
    caused_by_operations=True,
)


def _judge(reading: Reading) -> Result:
    outdated, unsupported = reading.value(RELEASE_OUTDATED), reading.value(RELEASE_UNSUPPORTED)
    if outdated is None or unsupported is None:
        return Unknown()
    evidence = reading.evidence(RELEASE_UNSUPPORTED, RELEASE_OUTDATED)
    if unsupported > reading.thresholds.release_unsupported:
        return Bad(Severity.WARNING, f"unsupported for {seconds_text(unsupported)}", "a supported release", evidence)
    limit, value = reading.thresholds.release_outdated, f"a newer release has been out for {seconds_text(outdated)}"
    if outdated > limit:
        return Bad(Severity.WARNING, value, f"updated within {seconds_text(limit)}", evidence)
    return Ok("as new as is known")


OUTDATED_RELEASE = Rule(
    name="release_outdated",
    observes=(RELEASE_OUTDATED, RELEASE_UNSUPPORTED),
    title="{cluster}: {subject} runs an old release of PostgreSQL",
    resolved_title="{cluster}: {subject} runs a release that is mended",
    judge=_judge,
    hold=lambda thresholds: thresholds.release_for,
    why="Minor releases mend what loses data or lets strangers in, and an unsupported one gets none.",
    mend="Install the newest minor release: the standby first, then switch over, then the old primary.",
    about=Layer.INSIDE,
)
