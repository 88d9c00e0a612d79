"""How often the monitor looks. Made by the settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds between passes: `fast` asks by SQL, `slow` the hosts by SSH and the traffic targets too,
    `backups` the backup directories too.

    `recheck_first` and `recheck_last` bound the quick looks while something has not answered and the verdict is not
    clear yet.
    """

    fast: float = 2.0
    slow: float = 10.0
    backups: float = 60.0
    recheck_first: float = 0.1
    recheck_last: float = 1.0
    # After this long without a clear answer it is no transient any more: back to the usual pace.
    recheck_for: float = 10.0
    # A pass that takes longer than this is given up and counted as failed.
    pass_timeout: float = 15.0
