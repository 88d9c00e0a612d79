"""The keys that backups are encrypted to: for how long one can still encrypt to all of them."""

import math

from alerts.observation import Look, Observation, Unit
from ledger.quantities import seconds_text

BACKUP_KEYS = "backup_keys"


def backup_keys(look: Look) -> tuple[Observation, ...]:
    """`backup_keys` (seconds until the first one expires; infinite where none does, 0 where one is missing or expired).

    Nothing where nothing is encrypted; unknown where the listing did not answer.
    """
    if look.cluster.backups is None or look.cluster.backups.encryption is None:
        return ()
    found, name = look.state.backups, look.cluster.name
    if found is None or not found.answer.ok or not found.keys:
        return (Observation(BACKUP_KEYS, name, None, Unit.SECONDS),)
    left, lines = math.inf, []
    for key in found.keys:
        seconds = math.inf if key.expires_at is None else max(0.0, (key.expires_at - look.state.at).total_seconds())
        if key.missing:
            lines.append(f"key {key.fingerprint} is not in the host's key ring, or cannot encrypt")
        elif seconds == 0.0:
            lines.append(f"key {key.fingerprint} has expired")
        elif math.isfinite(seconds):
            lines.append(f"key {key.fingerprint} expires in {seconds_text(seconds)}")
        left = min(left, 0.0 if key.missing else seconds)
    return (Observation(BACKUP_KEYS, name, left, Unit.SECONDS, tuple(lines)),)
