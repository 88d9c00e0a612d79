"""`understudy rules list|test`: the rules there are, and what they would have said of the recorded past."""

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.rehearsal import Episode, Stage, rehearse, wanted_names
from alerts.rules import RULES
from alerts.rules.custom.custom_rule import CustomRule, CustomRules
from alerts.rules.custom.expression import values
from alerts.rules.custom.values import value_names
from alerts.rules.read_thresholds import thresholds_read
from alerts.rules.rule import Rule
from alerts.thresholds import Thresholds
from alerts.thresholds.kinds import kind_of
from bot.inventory import clusters_of, thresholds_of
from bot.rules_settings import custom_rules
from bot.settings import Settings, load_settings, settings_file
from bot.settings_mistakes import SettingsError, nearest
from bot.terminal.draw import local_time
from bot.wiring import history_of
from ledger.durations import parse_seconds
from ledger.history.history import HistoryUnreadable
from ledger.history.series import Series
from ledger.quantities import count_text, seconds_text
from ledger.units import Unit, value_text
from servers.inventory import Cluster

READ_SECONDS = 60.0
MOST_POINTS = 9_000  # a day in steps of ten seconds; more is played in wider steps

rules_app = typer.Typer(no_args_is_help=True, help="The rules of alerts: list them, try them on the recorded past.")
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", "-s", help="The settings file; else UNDERSTUDY_SETTINGS, else ./understudy.toml."),
]


@rules_app.command("list")
def list_command(
    settings: SettingsOption = None,
    of_values: Annotated[
        bool, typer.Option("--values", help="The names of all values that a rule may speak of, instead.")
    ] = False,
) -> None:
    """Every rule, built-in or of the settings: what it watches, its thresholds, and for how long it must hold."""
    if of_values:
        typer.echo("\n".join(value_names()))
        return
    loaded = _load(settings)
    common, _ = thresholds_of(loaded)
    custom = {rule.name: rule for rule in custom_rules(loaded.rules)}
    table = Table("Rule", "Whose", "Watches", "Thresholds", "For", "Keeps firing for", box=None, pad_edge=False)
    for rule in (*RULES, *CustomRules(custom.values()).rules):
        watches = custom[rule.name].text if rule.name in custom else ", ".join(rule.observes)
        whose = "settings" if rule.name in custom else "built in"
        table.add_row(*map(Text, (rule.name, whose, watches, _limits(rule, common), *_durations(rule, common))))
    Console().print(table)


@rules_app.command("test")
def rehearse_command(
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only this one; may be repeated.")] = None,
    since: Annotated[str, typer.Option(help="How far back: 3h, 7d, …")] = "7d",
    cluster: Annotated[list[str] | None, typer.Option("--cluster", help="Only this one; may be repeated.")] = None,
    settings: SettingsOption = None,
) -> None:
    """Play rules against the recorded history: when each would have fired and resolved, and at what value."""
    loaded = _load(settings)
    custom = custom_rules(loaded.rules)
    rules = _chosen((*RULES, *CustomRules(custom).rules), rule or [])
    clusters = clusters_of(loaded)
    for name in cluster or []:
        if name not in clusters:
            _fail(f"There is no cluster {name!r}; there are {', '.join(clusters)}.")
    try:
        back = timedelta(seconds=parse_seconds(since))
    except ValueError as error:
        _fail(f"--since: {error}")
    chosen = [one for name, one in clusters.items() if not cluster or name in cluster]
    try:
        status = asyncio.run(_test(loaded, rules, custom, chosen, back))
    except HistoryUnreadable as error:
        _fail(str(error))
    raise typer.Exit(status)


async def _test(
    settings: Settings,
    rules: Sequence[Rule],
    custom: Sequence[CustomRule],
    clusters: Sequence[Cluster],
    back: timedelta,
) -> int:
    common, special = thresholds_of(settings)
    spoken_of = {one.name: frozenset(value.name for value in values(one.expression)) for one in custom}
    end = datetime.now(UTC)
    history = history_of(settings)
    try:
        for cluster in clusters:
            series = await history.every_series(
                cluster.name, wanted_names(rules, spoken_of), end - back, end, MOST_POINTS, within=READ_SECONDS
            )
            stage = Stage(cluster, series, special.get(cluster.name, common))
            evaluated = CustomRules(custom, series[0].step if series else 10)
            episodes = await asyncio.to_thread(rehearse, stage, rules, evaluated)
            _report(cluster.name, series, episodes, rules)
    finally:
        await history.close()
    return 0


def _report(cluster: str, series: Sequence[Series], episodes: Sequence[Episode], rules: Sequence[Rule]) -> None:
    console = Console()
    if not series:
        console.print(Text(f"{cluster}: nothing that these rules speak of was recorded in that time."))
        return
    recorded = sum(bucket is not None for one in series for bucket in one.buckets)
    step = seconds_text(series[0].step)
    heading = f"{cluster}: {count_text(len(rules), 'rule')}, {len(series)} series, {recorded} values in steps of {step}"
    console.print(Text(heading, style="bold"))
    if not episodes:
        console.print(Text("  None would have fired."))
        return
    table = Table("Rule", "Subject", "Severity", "Fired", "Lasted", "At", box=None, pad_edge=False)
    for one in episodes:
        lasted = "fires still" if one.resolved_at is None else seconds_text(one.resolved_at - one.fired_at)
        table.add_row(*map(Text, (one.rule, one.subject, one.severity, local_time(one.fired_at), lasted, one.value)))
    console.print(table)


def _chosen(rules: Sequence[Rule], names: Sequence[str]) -> tuple[Rule, ...]:
    known = {rule.name: rule for rule in rules}
    for name in names:
        if name not in known:
            found = nearest(name, tuple(known))
            _fail(f"There is no rule {name!r}. {f'Did you mean {found!r}?' if found else 'See: understudy rules list'}")
    return tuple(known[name] for name in names) if names else tuple(rules)


def _limits(rule: Rule, thresholds: Thresholds) -> str:
    """“replay_lag_bytes 1.0 MB, …”, as the settings have them now."""
    names = thresholds_read(rule)
    return ", ".join(f"{name} {value_text(getattr(thresholds, name), _unit_of(name))}" for name in names) or "-"


def _unit_of(name: str) -> Unit:
    return Unit(kind_of(next(field for field in fields(Thresholds) if field.name == name)).unit.value)


def _durations(rule: Rule, thresholds: Thresholds) -> tuple[str, str]:
    hold, keep = rule.hold(thresholds), rule.keep(thresholds) if rule.keep is not None else 0.0
    return (seconds_text(hold) if hold else "at once", seconds_text(keep) if keep else "-")


def _load(given: Path | None) -> Settings:
    try:
        return load_settings(settings_file(given))
    except SettingsError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False).print(message, markup=False)
    raise typer.Exit(2)
