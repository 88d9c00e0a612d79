"""What a failover may lose. Pure: from what was seen of both servers before, and what the standby has now."""

from dataclasses import dataclass
from datetime import datetime

from commands.plan import Loss
from commands.promotion.pair import Pair
from ledger.quantities import seconds_text
from servers.lag import data_at_risk_bytes, received_lsn
from servers.lsn import Lsn, format_lsn
from servers.state import Role


@dataclass(frozen=True, slots=True)
class _LastWord:
    """The old primary's position when it was last seen."""

    lsn: Lsn
    at: datetime


def possible_loss(pair: Pair) -> Loss:
    """The old primary's position when it was last seen, less what the standby has received, and what it may have
    written from then until it was found dead, at the rate that it wrote with before.

    That is an estimate and said to be one; what the old primary wrote at the end is known to nobody, so the loss is
    never said to be nothing.
    """
    received = received_lsn(pair.new.sql) if pair.new.sql else None
    word = _last_word(pair)
    old, new = pair.source.name, pair.target.name
    if received is None:
        return Loss(None, None, f"Not known: {new} does not say what it has received.")
    if word is None:
        has = f"{new} has received up to {format_lsn(received)}, nobody saw how far {old} was."
        return Loss(None, None, f"Not known: {has}")
    at_risk = data_at_risk_bytes(word.lsn, pair.new.sql) or 0
    when = f"{word.at:%H:%M:%S} UTC"
    gap = f"At {when} {old} was at {format_lsn(word.lsn)}, {new} has {format_lsn(received)}."
    has = gap if at_risk else f"{new} has everything up to {when}."
    return _with_the_end(pair, word, at_risk, has)


def _with_the_end(pair: Pair, word: _LastWord, at_risk: int, has: str) -> Loss:
    """With what the old primary wrote after it was last seen."""
    old = pair.source.name
    died_at = _found_dead_at(pair)
    if died_at is None or died_at < word.at:
        tail = f"What {old} wrote after that, until it went down, may be lost"
        if at_risk:
            return Loss(at_risk, None, f"{has} {tail} as well.")
        return Loss(None, None, f"Not known exactly. {has} {tail}.")
    silence = (died_at - word.at).total_seconds()
    tail = f"What {old} wrote in the {seconds_text(silence)} until it was found dead may be lost"
    rate = pair.old.wal_rate
    written = round(rate * silence) if rate is not None else 0
    by_rate = ", reckoned by its rate of writing" if rate is not None else ""
    seconds = silence if at_risk == 0 else _seconds_behind(pair, died_at)
    if at_risk + written == 0:
        first = "Not known exactly." if rate is None else "Probably nothing, for it wrote nothing before."
        return Loss(None, seconds, f"{first} {has} {tail}.")
    return Loss(at_risk + written, seconds, f"{has} {tail}{by_rate}.")


def _last_word(pair: Pair) -> _LastWord | None:
    old = pair.old
    if old.last_role is not Role.PRIMARY or old.last_wal_lsn is None or old.last_seen_at is None:
        return None
    return _LastWord(old.last_wal_lsn, old.last_seen_at)


def _found_dead_at(pair: Pair) -> datetime | None:
    """When it was first found silent, if its host proves that it does not write since: one that hangs might go on."""
    host = pair.old.host
    return pair.old.missed_at if host is not None and host.postmaster_pid is None else None


def _seconds_behind(pair: Pair, died_at: datetime) -> float | None:
    """From the last commit that the standby has to the death."""
    age = pair.new.sql.last_replayed_transaction_age_seconds if pair.new.sql else None
    if age is None:
        return None
    since_death = (pair.state.at - died_at).total_seconds()
    return max(0.0, age - since_death)
