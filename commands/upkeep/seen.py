"""What restart and reload look at beyond the state of the cluster."""

from dataclasses import dataclass

from commands.plan import Check
from commands.promotion.pair import failed, passed
from commands.world import World
from ledger.quantities import count_text
from servers.engines.engine import ActionFailed
from servers.engines.upkeep import Configuration
from servers.inventory import Server

_SHOWN = 5  # of many wrong lines


@dataclass(frozen=True, slots=True)
class Files:
    """A server's configuration files, or why they could not be read."""

    server: str
    configuration: Configuration | None
    problem: str = ""

    @property
    def digest(self) -> str:
        return self.configuration.digest[:16] if self.configuration else "not known"


async def read_files(world: World, server: Server) -> Files:
    """Never raises: what cannot be read is a failed check."""
    try:
        return Files(server.name, await world.engine.configuration(server))
    except ActionFailed as error:
        return Files(server.name, None, str(error))


def files_are_good(files: Files) -> Check:
    """A server takes no reload, and no start, from files with an error in them."""
    name, title = f"files_{files.server}", f"The configuration files of {files.server} have no error"
    if files.configuration is None:
        return failed(name, title, files.problem)
    errors = files.configuration.errors
    if not errors:
        return passed(name, title, "pg_file_settings and pg_hba_file_rules show none")
    told = [f"{error.file} line {error.line}: {error.what}" for error in errors[:_SHOWN]]
    more = f", and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return failed(name, title, f"{count_text(len(errors), 'error')}: {'; '.join(told)}{more}. Mend it first")
