"""What to report once a restore has ended. Pure."""

from collections.abc import Mapping

from commands.plan import Conclusion, Plan
from commands.restoring import actions


def conclude_beside(plan: Plan, found: Mapping[str, str], operation: str) -> Conclusion:
    """Where it is, how to get there, and what can be done with it. `operation` is the order's id, '' if not known."""
    facts, port = dict(plan.facts), found.get(actions.PORT, "")
    rows = (
        ("Recovered to", facts["to"]),
        ("Replayed up to", found.get(actions.LSN, "")),
        ("Last transaction", found.get(actions.LAST_AT, "") or "not known"),
        ("Where", f"{plan.target}, 127.0.0.1 port {port}"),
        ("Databases", found.get(actions.DATABASES, "")),
        ("Transactions since", found.get(actions.SINCE, "") or "not known"),
    )
    line = f"{plan.cluster} as of {facts['to']} stands on {plan.target}, read-only, for 4 h."
    name = f" {operation}" if operation else ""
    return Conclusion(
        line,
        tuple(row for row in rows if row[1]),
        (
            f"Look into it on {plan.target}: psql -h {found.get(actions.SOCKETS, '')} -p {port}",
            f"Keep it for 4 h more: /ha restore keep{name}",
            f"Drop it: /ha restore drop{name}",
            f"Cut over to this moment: /ha restore {plan.cluster} --to {_typed(plan)} --in-place",
        ),
    )


def conclude_drop(plan: Plan) -> Conclusion:
    return Conclusion(f"The restored instance on {plan.target} is gone: {dict(plan.facts)['removed']}.")


def _typed(plan: Plan) -> str:
    """The target as one types it."""
    kind, _, value = dict(plan.facts)["recovery target"].partition(" ")
    return {"time": value, "lsn": value, "name": f"point {value}"}.get(kind, f"{kind} {value}".strip())
