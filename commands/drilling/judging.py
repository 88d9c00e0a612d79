"""What a drill measured against what is promised: the last step, which fails where a promise was missed."""

from collections.abc import Mapping

from commands.acting import untold
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.plan import Step
from ledger.drills import OUTAGE, RPO, RTO, WANTED
from ledger.quantities import seconds_text
from servers.drilling import Objectives

_NAMES = {RTO: "RTO", RPO: "RPO", OUTAGE: "outage"}
_TIMEOUT = 10.0


def judge(server: str, what: str) -> Step:
    """The step, at the end of whatever was practised on `server`."""
    does = f"Compares {what} with what the settings promise."
    return Step("judge_drill", server, "Compare with what is promised", does, "no promise was missed", _TIMEOUT)


def wanted(objectives: Objectives) -> dict[str, str]:
    """What is promised, by the names under which steps tell it: as it stood when the drill began."""
    promised = {RTO: objectives.rto, RPO: objectives.rpo, OUTAGE: objectives.outage}
    return {WANTED[name]: f"{seconds:g}" for name, seconds in promised.items()}


def missed(found: Mapping[str, str]) -> tuple[str, ...]:
    """What took longer, or would have lost more, than promised. Pure; what was not measured missed nothing."""
    return tuple(
        f"{_NAMES[name]} {seconds_text(float(found[name]))}, at most {seconds_text(float(found[at_most]))}"
        for name, at_most in WANTED.items()
        if name in found and at_most in found and float(found[name]) > float(found[at_most])
    )


def measured(found: Mapping[str, str], name: str) -> str:
    """“6.1 s (at most 1 h)”; “not known” where it was not measured."""
    value = seconds_text(float(found[name])) if name in found else "not known"
    return f"{value}{at_most(found, name)}"


def at_most(found: Mapping[str, str], name: str) -> str:
    """“ (at most 1 h)”, or nothing where it is not known."""
    return f" (at most {seconds_text(float(found[WANTED[name]]))})" if WANTED[name] in found else ""


async def compare(context: StepContext) -> StepOutcome:
    """StepFailed where a promise was missed; everything that was to be done is done by then."""
    failed = missed(context.found)
    if failed:
        raise StepFailed(f"Missed: {'; '.join(failed)}")
    return StepOutcome("What was measured is within what is promised")


ACTIONS: Mapping[str, Action] = {
    "judge_drill": Action(compare, untold, goes_on=True, repeatable=True, obstacle=lambda standing: None)
}
