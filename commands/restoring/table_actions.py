"""The code behind the step that copies tables out of a restored instance into the live one."""

from collections.abc import Mapping

from commands.acting import engine_says, untold
from commands.command import Action, Standing, StepContext, StepFailed, StepOutcome
from commands.restoring.acting import place_of, watched
from commands.yielding import to_its_end
from ledger.quantities import count_text
from servers.engines.rejoining import JobReport, JobState
from servers.state import Role

TABLES, DATABASE = "tables", "database"  # facts of the plan; '' for every table
INTO = "into_schema"
SCHEMA = "restored_"


async def copy_tables(context: StepContext) -> StepOutcome:
    """All of them, or none: it is one transaction on the live server."""
    place, instances, facts = place_of(context), context.world.instances, dict(context.plan.facts)
    names = tuple(name for name in facts[TABLES].split(", ") if name)
    schema = f"{SCHEMA}{context.operation.lower()}"  # so that nobody has to quote it
    report = await engine_says(to_its_end(instances.begin_tables(place, facts[DATABASE], schema, names)))
    report = await watched(
        context,
        report,
        lambda patience: instances.tables(place, patience=patience),
        lambda at: _last_line(at) or "reading",
    )
    if report.state is not JobState.DONE:
        message = (
            f"The tables were not copied: {_last_line(report) or report.state}. The restored instance still stands"
        )
        raise StepFailed(message, exit_status=1, output=report.log)
    return StepOutcome(f"{_last_line(report)} into {schema}.", 0, report.log, {INTO: schema})


async def are_copied(context: StepContext) -> bool:
    place = place_of(context)
    report = await engine_says(context.world.instances.tables(place))
    return report.key == place.key and report.state is JobState.DONE


async def see_tables(context: StepContext) -> StepOutcome:
    """Asked of the live server itself. A step of its own, so that a cancel during the copy has one to stop before."""
    database, schema = dict(context.plan.facts)[DATABASE], f"{SCHEMA}{context.operation.lower()}"
    there = await engine_says(context.world.instances.tables_there(place_of(context), database, schema))
    if not there:
        raise StepFailed(
            f"The live database {database} has no table in {schema}. Look at the copy's log, and ask again"
        )
    return StepOutcome(f"{count_text(there, 'table')} in {schema} of {database}.", found={INTO: schema})


def still_the_primary(standing: Standing) -> str | None:
    name = standing.plan.target
    return None if standing.state.server(name).role is Role.PRIMARY else f"{name} takes no writes now."


ACTIONS: Mapping[str, Action] = {
    "copy_tables": Action(copy_tables, are_copied, repeatable=True, obstacle=still_the_primary),
    "see_tables": Action(see_tables, untold, repeatable=True, obstacle=still_the_primary),
}


def _last_line(report: JobReport) -> str:
    lines = [line for line in report.log.splitlines() if "understudy:" not in line] or report.log.splitlines()
    wrong = [line for line in report.log.splitlines() if "ERROR" in line or "understudy:" in line]
    return (wrong[0] if report.state is JobState.FAILED and wrong else lines[-1] if lines else "").strip()
