"""How long a restore of the newest backup up to now would take, at the rates that earlier restores had."""

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text, seconds_text
from ledger.recovery_rates import Rate, RecoveryRates
from servers.backups.serving import Serving, serve
from servers.backups.target import LATEST
from servers.backups.window import restore_window

RTO_ESTIMATE = "rto_estimate"


def rto(look: Look) -> tuple[Observation, ...]:
    """`rto_estimate` in seconds: size by the measured rate of laying out, and WAL by that of replaying.

    Unknown until a restore or a drill has measured both, and where backups or archive were not listed.
    """
    if look.cluster.backups is None:
        return ()
    seconds, evidence = _estimate(look)
    return (Observation(RTO_ESTIMATE, look.cluster.name, seconds, Unit.SECONDS, evidence),)


def _estimate(look: Look) -> tuple[float | None, tuple[str, ...]]:
    backups, archive = look.state.backups, look.state.archive
    if backups is None or not backups.answer.ok or archive is None or not archive.answer.ok:
        return None, ()
    found = serve(restore_window(backups, archive), LATEST)
    rates = look.rates
    if not isinstance(found, Serving) or rates.lay_out is None or rates.replay is None:
        return None, ()
    size = sum(backup.size for backup in found.chain)
    wal = found.segment_count * archive.segment_size
    lay_out, replay = size / rates.lay_out.bytes_a_second, wal / rates.replay.bytes_a_second
    return lay_out + replay, _lines(found, size, wal, rates, (lay_out, replay))


def _lines(found: Serving, size: int, wal: int, rates: RecoveryRates, seconds: tuple[float, float]) -> tuple[str, ...]:
    lay_out, replay = seconds
    return (
        f"{found.backup.name}: {bytes_text(size)} in {seconds_text(lay_out)}, {_measured(rates.lay_out)}",
        f"WAL since then: {bytes_text(wal)} in {seconds_text(replay)}, {_measured(rates.replay)}",
    )


def _measured(rate: Rate | None) -> str:
    if rate is None:
        return "at a rate that nobody has measured"
    return f"at {bytes_text(rate.bytes_a_second)} a second as operation {rate.operation} on {rate.at:%Y-%m-%d}"
