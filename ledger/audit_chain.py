"""Proof that the audit log is whole: its own chain, what was signed of it, and what is known of it elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlite_utils import Database

from ledger.audit import GENESIS, record_hash
from ledger.audit_segments import NoStatement, Segment, ledger_id, read_segment, segments
from ledger.signing import PublicKey

_RECORDS = "SELECT sequence, previous, hash, entry FROM audit ORDER BY sequence"
_HEAD = "SELECT count, hash FROM audit_head"


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many records there are, and the hash of the last one."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Witness:
    """A signed statement that was found outside of the log; `place` says where."""

    place: str
    segment: Segment


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known from elsewhere, against which a log is held.

    `heads` were kept by people, `keys` are the public keys that may have signed, `witnesses` the statements that were
    found where the owner of the ledger's disk cannot change them.
    """

    heads: tuple[Head, ...] = ()
    keys: tuple[PublicKey, ...] = ()
    witnesses: tuple[Witness, ...] = ()


NOTHING_OUTSIDE = Outside()


@dataclass(frozen=True, slots=True)
class Verification:
    """`count` and `head` are the good records from the start on; `first_bad` is the first sequence number that
    is not as it was written (changed, missing, inserted or moved), `reason` says in what way.

    `signed` is the last record that a signature speaks for, `checked` whether it was checked with a public key;
    `witnessed` the last one that a statement kept elsewhere speaks for. `part`: only some of the records were there.
    """

    ok: bool
    count: int
    head: str
    first_bad: int | None = None
    reason: str | None = None
    signed: int = 0
    checked: bool = False
    witnessed: int = 0
    part: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A record as it was found; nothing in it is believed yet. `entry` is its text."""

    sequence: object
    previous: object
    hash: object
    entry: str


@dataclass(slots=True)
class Ending:
    """What comes behind the records: filled in while they are read."""

    head: Head | None = None
    ledger: object = None
    segments: list[Segment] = field(default_factory=list)
    # What was wrong there, and is told only if nothing is wrong before.
    wrong: str | None = None


class Broken(Exception):
    """The log is not whole. `at` is the first bad record; None: the one that was looked at."""

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.at = at


def head(db: Database) -> Head:
    """Where the log ends now; worth keeping somewhere else, to give to `verify` later."""
    count, digest = db.execute(_HEAD).fetchone()
    return Head(count, digest)


def verify(db: Database, kept: Head | None = None, outside: Outside = NOTHING_OUTSIDE) -> Verification:
    """Recomputes the whole chain, compares its end with the recorded one, and all of it with what is signed.

    `kept` is an earlier head that was kept elsewhere: the log must still contain it.
    """
    links = (Link(*row) for row in db.execute(_RECORDS))
    row = db.execute(_HEAD).fetchone()
    ending = Ending(head=Head(*row) if row else None, ledger=ledger_id(db))
    try:
        ending.segments.extend(read_segment(*signed) for signed in segments(db))
    except NoStatement as wrong:
        ending.wrong = f"a signed segment cannot be read: {wrong}"
    return verify_links(links, ending, with_head(outside, kept))


def with_head(outside: Outside, kept: Head | None) -> Outside:
    heads = outside.heads if kept is None else (*outside.heads, kept)
    return Outside(heads, outside.keys, outside.witnesses)


def verify_links(links: Iterable[Link], ending: Ending, outside: Outside) -> Verification:
    """`links` in their order; `ending` is complete once they are used up."""
    hashes: list[str] = []
    try:
        for link in links:
            _check_link(link, len(hashes) + 1, hashes[-1] if hashes else GENESIS)
            hashes.append(str(link.hash))
        _check_end(Head(len(hashes), hashes[-1] if hashes else GENESIS), ending)
        _check_heads(hashes, outside.heads)
        _check_segments(hashes, ending, outside.keys)
        _check_witnesses(hashes, ending.ledger, outside)
    except Broken as broken:
        bad = broken.at or len(hashes) + 1
        good = bad - 1
        return Verification(False, good, hashes[good - 1] if good else GENESIS, first_bad=bad, reason=str(broken))
    return Verification(
        True,
        len(hashes),
        hashes[-1] if hashes else GENESIS,
        signed=ending.segments[-1].last if ending.segments else 0,
        checked=bool(outside.keys),
        witnessed=max((witness.segment.last for witness in outside.witnesses), default=0),
    )


def check_hash(link: Link, sequence: int, previous: str) -> None:
    """Raises Broken when the content is not what its hash was taken over."""
    if not link.entry.isascii() or link.hash != record_hash(sequence, previous, link.entry):
        raise Broken("its content does not match its hash: it was changed")


def _check_link(link: Link, sequence: int, previous: str) -> None:
    if link.sequence != sequence or isinstance(link.sequence, bool):
        raise Broken(f"record {sequence} is missing or out of place: {link.sequence} stands there")
    if link.previous != previous:
        raise Broken("it does not follow the record before it: one of the two was dropped, moved or inserted")
    check_hash(link, sequence, previous)


def _check_end(end: Head, ending: Ending) -> None:
    recorded = ending.head
    if recorded is None:
        raise Broken(ending.wrong or "the record of where the chain ends is missing")
    if recorded.count > end.count:
        raise Broken(f"the log should end with record {recorded.count}: its tail is missing")
    if recorded != end:
        raise Broken("the recorded end of the log is not where the chain ends: records were added or rewritten")
    if ending.wrong is not None:
        raise Broken(ending.wrong)


def _check_heads(hashes: Sequence[str], kept: Sequence[Head]) -> None:
    for one in sorted(kept, key=lambda head: head.count):
        if one.count > len(hashes):
            raise Broken(f"the log once had {one.count} records: its tail is missing")
        if one.count and hashes[one.count - 1] != one.hash:
            raise Broken("the hash is not the one that was kept elsewhere: the log was rewritten", at=one.count)
        if one.count == 0 and one.hash != GENESIS:
            raise Broken("the head that was kept is no head of an empty log")


def _check_segments(hashes: Sequence[str], ending: Ending, keys: Sequence[PublicKey]) -> None:
    before: Segment | None = None
    for segment in ending.segments:
        _check_order(segment, before, ending.ledger)
        what = f"segment {segment.number} ({segment.records})"
        if keys and not signed_by(segment, keys):
            raise Broken(f"the signature of {what} is of none of the given public keys", at=segment.first)
        if segment.last > len(hashes):
            raise Broken(f"{what} was signed, and the log ends with record {len(hashes)}: its tail is missing")
        if hashes[segment.last - 1] != segment.head:
            raise Broken(f"the records are not those that were signed as {what}", at=segment.first)
        before = segment
    if keys and not ending.segments:
        raise Broken("nothing of it is signed, though there is a key: what was signed was taken away", at=1)


def _check_order(segment: Segment, before: Segment | None, ledger: object) -> None:
    number, first = (before.number + 1, before.last + 1) if before else (1, 1)
    if (segment.number, segment.first) != (number, first) or segment.last < first:
        wrong = (
            f"segment {number} is missing or out of place: segment {segment.number} ({segment.records}) stands there"
        )
        raise Broken(wrong, at=first)
    if segment.previous != (before.signature if before else None):
        raise Broken(f"segment {number} does not follow the segment before it: one of the two was replaced", at=first)
    if segment.ledger != ledger:
        raise Broken(f"segment {number} was signed for another ledger ({segment.ledger})", at=first)


def _check_witnesses(hashes: Sequence[str], ledger: object, outside: Outside) -> None:
    for witness in sorted(outside.witnesses, key=lambda one: one.segment.last):
        segment = witness.segment
        if outside.keys and not signed_by(segment, outside.keys):
            raise Broken(f"{witness.place} is signed by none of the given public keys", at=segment.first)
        if segment.ledger != ledger:
            raise Broken(f"{witness.place} speaks of another ledger ({segment.ledger})", at=segment.first)
        if segment.last > len(hashes):
            raise Broken(f"{witness.place} knows {segment.last} records: the log's tail is missing")
        if segment.last < 1 or hashes[segment.last - 1] != segment.head:
            wrong = f"{witness.place} says another hash of record {segment.last}: the log was rewritten"
            raise Broken(wrong, at=max(1, segment.first))


def signed_by(segment: Segment, keys: Sequence[PublicKey]) -> bool:
    """Whether one of these keys has signed it."""
    return any(key.id == segment.key and key.verifies(segment.statement, segment.signature) for key in keys)
