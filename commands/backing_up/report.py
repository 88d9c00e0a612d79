"""What to report of a backup, or of a verification, once its steps have succeeded. Pure."""

from collections.abc import Mapping

from commands.backing_up.actions import EXPIRED, NAME, REPOSITORY, SECONDS, SIZE, VERIFIED, VERIFY_SECONDS
from commands.backing_up.backup_plan import WORDS
from commands.plan import Conclusion, Plan
from ledger.quantities import bytes_text, seconds_text
from servers.backups.wanted import BackupKind


def conclude(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    facts = dict(plan.facts)
    name, size, seconds = found.get(NAME, "not known"), _number(found, SIZE), _number(found, SECONDS)
    rows = [("Backup", name)]
    if size is not None:
        rows.append(("Size", f"{bytes_text(size)} ({found.get(REPOSITORY, 'local')})"))
    if seconds is not None:
        rate = f", {bytes_text(size / seconds)} a second" if size and seconds >= 1 else ""
        rows.append(("Took", f"{seconds_text(seconds)}{rate}"))
    checked = _number(found, VERIFY_SECONDS)
    in_time = f", in {seconds_text(checked)}" if checked is not None else ""
    rows.append(("Verified", f"yes{in_time}" if found.get(VERIFIED) else "no"))
    if found.get(EXPIRED):
        rows.append(("No longer kept", found[EXPIRED]))
    look = f"To which moments one can restore: /ha backups {plan.cluster}"
    if "backup" not in facts:
        return Conclusion(f"{name} is whole: it agrees with its checksums.", tuple(rows), (look,))
    word = WORDS[BackupKind(facts["backup"])]
    line = f"A {word} backup of {plan.cluster} was taken from {plan.target}, and verified."
    return Conclusion(line, tuple(rows), (look,))


def _number(found: Mapping[str, str], name: str) -> float | None:
    return float(found[name]) if name in found else None
