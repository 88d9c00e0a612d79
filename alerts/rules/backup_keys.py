"""A key that backups are encrypted to, and that soon cannot be encrypted to any more."""

import math

from alerts.probes.backup_keys import BACKUP_KEYS
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _expiring(reading: Reading) -> Result:
    left = reading.value(BACKUP_KEYS)
    if left is None:
        return Unknown()
    limit = reading.thresholds.backup_key_expiring
    if left <= 0:
        limit_text = "every key can be encrypted to"
        return Bad(Severity.CRITICAL, "a key cannot be used", limit_text, reading.evidence(BACKUP_KEYS))
    if left < limit:
        value = f"a key expires in {seconds_text(left)}"
        return Bad(Severity.WARNING, value, f"at least {seconds_text(limit)}", reading.evidence(BACKUP_KEYS))
    return Ok(f"for {seconds_text(left)}" if math.isfinite(left) else "no key expires")


BACKUP_KEYS_RULE = Rule(
    name="backup_keys",
    observes=(BACKUP_KEYS,),
    title="{cluster}: a key of the backups is expiring",
    resolved_title="{cluster}: the keys of the backups can be used",
    judge=_expiring,
    hold=lambda thresholds: 0.0,
    why="Without all of its keys no backup is taken and no WAL archived. What was encrypted before can still be read.",
    mend="Prolong it (gpg --quick-set-expire), and bring the new public key to every server. Or change recipients.",
)
