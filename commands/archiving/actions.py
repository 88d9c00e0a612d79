"""The code behind the steps of `/ha archive setup`."""

from collections.abc import Mapping

from commands.acting import engine_says, server_of, time_of
from commands.archiving.setup_plan import SCRIPT
from commands.command import Action, Standing, StepContext, StepOutcome
from servers.backups.native.archiving import ArchivingFacts

_SETTING = "setting "


async def put_script(context: StepContext) -> StepOutcome:
    here, path = server_of(context), _path(context)
    await engine_says(context.world.archiving.install(here, path, timeout=time_of(context)))
    return StepOutcome(f"{path} is on {here.name}.")


async def is_put(context: StepContext) -> bool:
    return (await _look(context)).script_there


async def set_archiving(context: StepContext) -> StepOutcome:
    engine, changes = context.world.engine, _changes(context)
    done = await engine_says(engine.change_settings(server_of(context), changes, timeout=time_of(context)))
    return StepOutcome(f"{done}.")


async def is_set(context: StepContext) -> bool:
    facts, changes = await _look(context), _changes(context)
    mode = "archive_mode" not in changes or facts.mode != "off" or facts.waits
    return mode and changes.get("archive_command", facts.command) == facts.command


def is_another(standing: Standing) -> str | None:
    """It changes no data: only the server must be the one that was approved."""
    sql, name = standing.state.server(standing.step.server).sql, standing.step.server
    if sql is None:
        return f"{name} does not answer by SQL."
    if sql.system_identifier != standing.plan.system_identifier:
        return f"{name} has another system identifier than when this was approved."
    return None


ACTIONS: Mapping[str, Action] = {
    "put_script": Action(put_script, is_put, repeatable=True, obstacle=is_another),
    "set_archiving": Action(set_archiving, is_set, repeatable=True, obstacle=is_another),
}


async def _look(context: StepContext) -> ArchivingFacts:
    return await engine_says(context.world.archiving.look(server_of(context), _path(context)))


def _path(context: StepContext) -> str:
    return dict(context.plan.facts)[SCRIPT]


def _changes(context: StepContext) -> dict[str, str]:
    return {name.removeprefix(_SETTING): value for name, value in context.plan.facts if name.startswith(_SETTING)}
