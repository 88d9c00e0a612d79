"""What to report once a restore has ended. Pure."""

from collections.abc import Mapping
from datetime import datetime

from commands.command import failure_of
from commands.plan import Conclusion, Plan
from commands.restoring import actions, afterwards, in_place_actions, table_actions
from commands.restoring.acting import BACKUP
from commands.restoring.left import FOLLOWS_AGAIN, STANDS_IN_PLACE, TIMELINE
from ledger.quantities import seconds_text


def conclude_beside(plan: Plan, found: Mapping[str, str], operation: str) -> Conclusion:
    """Where it is, how to get there, and what can be done with it. `operation` is the order's id, '' if not known."""
    facts, port = dict(plan.facts), found.get(actions.PORT, "")
    rows = (
        ("Recovered to", facts["to"]),
        ("Replayed up to", found.get(actions.LSN, "")),
        ("Last transaction", last_transaction(found)),
        ("Where", f"{plan.target}, 127.0.0.1 port {port}"),
        ("Databases", found.get(actions.DATABASES, "")),
        ("Transactions since", found.get(actions.SINCE, "") or "not known"),
    )
    line = f"{plan.cluster} as of {facts['to']} stands on {plan.target}, read-only, for 4 h."
    if table_actions.DATABASE in facts:
        schema = found.get(table_actions.INTO, "a new schema")
        what = facts[table_actions.TABLES] or "Every table"
        line = f"{what} of {facts[table_actions.DATABASE]} as of {facts['to']}: in the live schema {schema}. {line}"
    name = f" {plan.cluster} {operation}" if operation else ""
    return Conclusion(
        line,
        tuple(row for row in rows if row[1]),
        (
            f"Look into it on {plan.target}: psql -h {found.get(actions.SOCKETS, '')} -p {port} -U postgres",
            f"Keep it for 4 h more: /ha restore keep{name}",
            f"Drop it: /ha restore drop{name}",
            f"Cut over to this moment: /ha restore cut-over{name}",
        ),
    )


def conclude_in_place(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """What was taken back, where the old data are, and which standbys follow again."""
    facts, aside = dict(plan.facts), found.get(in_place_actions.ASIDE, "")
    behind = [step.server for step in plan.steps if step.action == "rebuild_start"]
    failed = [step for step in plan.steps if failure_of(step) in found]
    out = sorted({step.server for step in failed if step.server in behind})
    rows = (
        ("Recovered to", facts["to"]),
        ("Last transaction", last_transaction(found)),
        ("Timeline", found.get(TIMELINE, "")),
        ("Transactions taken back", found.get(actions.SINCE, "") or "not known"),
        ("Without writes", _outage(found)),
        ("Old data directory", aside),
    )
    again = tuple(f"{server} does not follow yet: /ha rejoin {server} copy" for server in out)
    others = tuple(f"{one.title}: {found[failure_of(one)]}" for one in failed if one.server not in behind)
    tidy = (f"Once it is no longer needed, remove {aside} on {plan.target} by hand",) if aside else ()
    line = f"{plan.cluster} is as of {facts['to']}, and {plan.target} takes writes."
    return Conclusion(
        line,
        tuple(row for row in rows if row[1]),
        (*again, *others, "Take a base backup soon: /ha backup", *tidy, f"Look: /ha status {plan.cluster}"),
    )


def conclude_from_store(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """What is lost is told by the last transaction that came back."""
    facts, backed_up = dict(plan.facts), found.get(afterwards.BACKED_UP, "")
    follow = [
        one.server for one in plan.steps if one.action == "rebuild_start" and not _failed_on(plan, found, one.server)
    ]
    rows = (
        ("Recovered to", facts["to"]),
        ("Last transaction", last_transaction(found)),
        ("Timeline", found.get(TIMELINE, "")),
        ("Backup", facts[BACKUP]),
        ("Standbys", ", ".join(follow)),
        ("New backup", backed_up),
    )
    line = f"{plan.cluster} takes writes on {plan.target}. What came after the last transaction is lost."
    failed = tuple(f"{one.title}: {found[failure_of(one)]}" for one in plan.steps if failure_of(one) in found)
    return Conclusion(
        line,
        tuple(row for row in rows if row[1]),
        (
            *failed,
            *(() if backed_up else (f"Take a full backup now: understudy ha backup {plan.cluster} full",)),
            f"For each server that does not follow yet: understudy ha standby add {plan.cluster} SERVER",
            "Start the bot, so that the schedule of backups, the copies off site and the watch go on: understudy run",
            f"Look: understudy ha status {plan.cluster}",
        ),
    )


def _failed_on(plan: Plan, found: Mapping[str, str], server: str) -> bool:
    return any(failure_of(one) in found for one in plan.steps if one.server == server)


def last_transaction(found: Mapping[str, str]) -> str:
    at = found.get(actions.LAST_AT)
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S} UTC" if at else "not known"


def _outage(found: Mapping[str, str]) -> str:
    began, ended = found.get(in_place_actions.STOPPED_AT), found.get(in_place_actions.OPENED_AT)
    if began is None or ended is None:
        return ""
    return seconds_text(datetime.fromisoformat(ended) - datetime.fromisoformat(began))


def conclude_standby(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """Where it stands, or whom it follows, and where the old data are."""
    facts, here, aside = dict(plan.facts), plan.target, found.get(in_place_actions.ASIDE, "")
    follows, operation = found.get(FOLLOWS_AGAIN), found.get(actions.OPERATION, "")
    rows = (
        ("Recovered to", facts["to"]),
        ("Last transaction", last_transaction(found)),
        ("Stands at", found.get(STANDS_IN_PLACE, "")),
        ("Old data directory", aside),
    )
    failed = tuple(f"{one.title}: {found[failure_of(one)]}" for one in plan.steps if failure_of(one) in found)
    which = f"{plan.cluster} {operation}"
    again = (
        f"Make it follow again: /ha restore follow {which}",
        f"Or put its old data back: /ha restore put-back {which}",
    )
    line = (
        f"{here} was made anew from the backups, and follows {follows}."
        if follows
        else f"{here} stands at {facts['to']}, read-only. It cannot take over until it follows again."
    )
    tidy = (f"Once it is no longer needed, remove {aside} on {here} by hand",) if aside else ()
    return Conclusion(
        line,
        tuple(row for row in rows if row[1]),
        (*failed, *(() if follows else again), *tidy, f"Look: /ha status {plan.cluster}"),
    )


def conclude_follows(plan: Plan) -> Conclusion:
    return Conclusion(f"{plan.target} follows {plan.source} again.", (), (f"Look: /ha status {plan.cluster}",))


def conclude_put_back(plan: Plan) -> Conclusion:
    line = f"{plan.target} has its old data again. What was restored is kept beside it until it is dropped."
    return Conclusion(line, (), (f"Look: /ha status {plan.cluster}", f"Drop it: /ha restore drop {plan.cluster}"))


def conclude_settled(plan: Plan) -> Conclusion:
    return Conclusion(f"{plan.target} has its own settings again.")


def conclude_drop(plan: Plan) -> Conclusion:
    return Conclusion(f"The restored instance on {plan.target} is gone: {dict(plan.facts)['removed']}.")
