"""Understudy itself in trouble: it looks late, speaks late, or will soon be unable to record anything."""

from collections.abc import Callable

from alerts.probes.itself import LEDGER_FREE, LOOK_AGE, LOOP_LAG, PING_AGE, SLACK_LAG
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown, above
from alerts.thresholds import Thresholds
from ledger.alerts import Severity
from ledger.quantities import bytes_text, seconds_text


def _late(observation: str, limit: Callable[[Thresholds], float], severity: Severity) -> Callable[[Reading], Result]:
    return above(observation, limit, seconds_text, severity, well="in time")


def _ledger_free(reading: Reading) -> Result:
    free, limits = reading.value(LEDGER_FREE), reading.thresholds
    if free is None:
        return Unknown()
    for severity, least in (
        (Severity.CRITICAL, limits.own_ledger_free_critical_bytes),
        (Severity.WARNING, limits.own_ledger_free_bytes),
    ):
        if free < least:
            evidence = reading.evidence(LEDGER_FREE)
            return Bad(severity, f"{bytes_text(int(free))} left", f"at least {bytes_text(int(least))}", evidence)
    return Ok(f"{bytes_text(int(free))} left")


OWN_LOOKS = Rule(
    name="own_looks",
    observes=(LOOK_AGE,),
    title="{cluster}: {subject} was not looked at in time",
    resolved_title="{cluster}: {subject} is looked at in time again",
    judge=_late(LOOK_AGE, lambda limits: limits.own_look_late, Severity.CRITICAL),
    hold=lambda limits: 0.0,
    why="Nothing that happens there is noticed meanwhile: no alert can fire.",
    mend="Look at the bot's log and at its machine's load; /metrics has understudy_look_seconds for each cluster.",
)

OWN_SLACK = Rule(
    name="own_slack",
    observes=(SLACK_LAG,),
    title="{cluster}: messages reach {subject} late",
    resolved_title="{cluster}: messages reach {subject} in time again",
    judge=_late(SLACK_LAG, lambda limits: limits.own_slack_late, Severity.WARNING),
    hold=lambda limits: 0.0,
    why="What was alerted in that time was seen by nobody when it happened. The state went on, and nothing is lost.",
    mend="Look at status.slack.com and at the bot's log; `understudy ha status` at a terminal does without Slack.",
)

OWN_LOOP = Rule(
    name="own_loop",
    observes=(LOOP_LAG,),
    title="{cluster}: the {subject} answers late",
    resolved_title="{cluster}: the {subject} answers in time again",
    judge=_late(LOOP_LAG, lambda limits: limits.own_loop_late, Severity.WARNING),
    hold=lambda limits: limits.own_loop_for,
    why="Slack gives three seconds for an answer: buttons and commands will seem dead.",
    mend="The machine is overloaded, or too small for so many clusters: look at its load.",
)

OWN_LEDGER = Rule(
    name="own_ledger_space",
    observes=(LEDGER_FREE,),
    title="{cluster}: the {subject} is running out of disk space",
    resolved_title="{cluster}: the {subject} has space again",
    judge=_ledger_free,
    hold=lambda limits: 0.0,
    why="What cannot be recorded is not done: no order runs once the ledger is full.",
    mend="Make room on that file system. The history is the part that may be smaller: history.size_limit.",
)

OWN_PING = Rule(
    name="own_ping",
    observes=(PING_AGE,),
    title="{cluster}: the dead man's switch takes no {subject}",
    resolved_title="{cluster}: the dead man's switch takes a {subject} again",
    judge=_late(PING_AGE, lambda limits: limits.own_ping_late, Severity.WARNING),
    hold=lambda limits: 0.0,
    why="It is about to call people because Understudy seems dead, or it would call nobody if Understudy were.",
    mend="Look whether the URL in watchdog.ping_url is still right and can be reached from here.",
)
