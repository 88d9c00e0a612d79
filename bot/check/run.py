"""`understudy check`: everything tried for real, as a table with what to do about what does not work."""

import asyncio
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.check.audit import check_audit
from bot.check.finding import Finding, Outcome
from bot.check.heartbeat import check_heartbeat
from bot.check.hosts import check_hosts
from bot.check.ledger_copies import check_ledger_copies
from bot.check.patroni import check_patroni
from bot.check.servers import ServerTrials
from bot.check.slack import check_slack
from bot.check.statistics import check_statistics
from bot.check.traffic import check_traffic
from bot.settings import Settings
from bot.slack.scopes import WANTED_SCOPES
from bot.terminal.directory import TerminalDirectory
from bot.wiring import open_world

_STYLES = {
    Outcome.WORKS: ("✔", "green"),
    Outcome.WARNING: ("!", "yellow"),
    Outcome.BROKEN: ("✘", "bold red"),
    Outcome.SKIPPED: ("?", "magenta"),
}


async def run_check(settings: Settings) -> int:
    """Try everything and print what was found; 1 when something does not work."""
    async with open_world(settings, TerminalDirectory) as wired:
        trials = [
            ServerTrials(
                cluster,
                wired.observer,
                wired.sessions,
                wired.world.engine,
                wired.world.backups,
                wired.world.backup_tool(cluster),
            )
            for cluster in wired.clusters.values()
        ]
        async with asyncio.TaskGroup() as group:
            servers = [group.create_task(trial.run()) for trial in trials]
            traffic = [
                group.create_task(check_traffic(cluster, wired.world.traffic.get(name, ()), wired.observer))
                for name, cluster in wired.clusters.items()
            ]
            patroni = [
                group.create_task(check_patroni(cluster, wired.world.patroni.get(name)))
                for name, cluster in wired.clusters.items()
            ]
            hearts = [group.create_task(check_heartbeat(cluster, wired.world)) for cluster in wired.clusters.values()]
            inside = [group.create_task(check_statistics(cluster)) for cluster in wired.clusters.values()]
            hosts = [group.create_task(check_hosts(cluster)) for cluster in wired.clusters.values()]
            slack = group.create_task(check_slack(settings, WANTED_SCOPES))
            audit = group.create_task(check_audit(settings, wired.ledger))
            copies = group.create_task(check_ledger_copies(settings))
        findings = [
            *audit.result(),
            *copies.result(),
            *slack.result(),
            *(
                finding
                for task in (*servers, *inside, *hosts, *patroni, *traffic, *hearts)
                for finding in task.result()
            ),
        ]
    Console().print(table(findings, wired.redactor.text))
    broken = sum(finding.outcome is Outcome.BROKEN for finding in findings)
    warnings = sum(finding.outcome in (Outcome.WARNING, Outcome.SKIPPED) for finding in findings)
    Console().print(f"{len(findings)} tried, {broken} do not work, {warnings} to look at", highlight=False)
    return 1 if broken else 0


def table(findings: list[Finding], redact: Callable[[str], str]) -> Table:
    """The findings, a line each; nothing in them is interpreted, and no secret survives."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("", "Where", "What", "Seen", "How to mend it"):
        drawn.add_column(header, overflow="fold")
    for finding in findings:
        mark, style = _STYLES[finding.outcome]
        cells = (finding.subject, finding.what, finding.seen, finding.mend)
        drawn.add_row(Text(mark, style=style), *(Text(redact(cell)) for cell in cells))
    return drawn
