"""What to report of a dump, of a volume's backup, or of their verification, once its steps have succeeded. Pure."""

from collections.abc import Mapping

from commands.partial.plans import BACKUP, KIND, NAME, SOURCE
from commands.partial.taking import EXPIRED, MADE, SAID, SECONDS, SIZE, VERIFIED
from commands.plan import Conclusion, Plan
from ledger.quantities import bytes_text, seconds_text


def conclude_part(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    facts = dict(plan.facts)
    what = f"{facts[KIND]} {facts[NAME]}"
    rows = [("Backup", found.get(MADE, "not known"))]
    if SIZE in found:
        rows.append(("Size", f"{bytes_text(int(found[SIZE]))} on {facts[SOURCE]}"))
    if SECONDS in found:
        rows.append(("Took", seconds_text(float(found[SECONDS]))))
    if SAID in found and not found[SAID].startswith("understudy:"):
        rows.append(("Contents", found[SAID]))
    rows.append(("Verified", found.get(VERIFIED, "no")))
    if found.get(EXPIRED):
        rows.append(("No longer kept", found[EXPIRED]))
    look = f"All of them: /ha backups {plan.cluster}"
    if BACKUP in facts:
        return Conclusion(f"{what} of {plan.cluster} can be restored.", tuple(rows), (look,))
    return Conclusion(f"{what} of {plan.cluster} was taken from {facts[SOURCE]}, and verified.", tuple(rows), (look,))
