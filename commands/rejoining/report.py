"""What to report once a server follows again."""

from collections.abc import Mapping

from commands.plan import Conclusion, Plan
from commands.rejoining.actions import ASIDE, WAY


def conclude(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    """Pure."""
    facts = dict(plan.facts)
    aside = found.get(ASIDE, "")
    way = found.get(WAY) or facts["way back"]
    rows = (("Way back", way), *((("Old directory", aside),) if aside else ()))
    tidy = (f"Once it is no longer needed, remove {aside} on {plan.target} by hand",) if aside else ()
    line = f"{plan.target} follows {facts['follows']} as a standby."
    return Conclusion(line, rows, (*tidy, f"Look: /ha status {plan.cluster}"))


def conclude_removal(plan: Plan) -> Conclusion:
    """Pure."""
    name = plan.target
    slot = dict(plan.facts).get("slot dropped")
    rows = (("Slot dropped", slot),) if slot else ()
    line = f"{name} is stopped and no longer a standby of {plan.cluster}. Its data directory is where it was."
    steps = (
        f"Take {name} out of the settings, or it will be reported as down",
        f"Keep its service from starting at boot; to bring it back: /ha standby add {name}",
    )
    return Conclusion(line, rows, steps)
