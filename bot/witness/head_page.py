"""The card that says daily in a channel where the audit log stands: who keeps it can prove a rewritten log. Pure."""

from collections.abc import Sequence

from ledger.audit_chain import Head
from ledger.audit_segments import Segment
from ledger.page import Facts, Moment, Page, Part, Span, Text, Tone, note
from ledger.quantities import count_text
from ledger.witness_copies import CopiesWaiting


def head_page(head: Head, segment: Segment | None, unsigned_because: str | None, copies: CopiesWaiting) -> Page:
    """`segment` is the last one that was signed; `unsigned_because` says why nothing can be signed now."""
    problems = _problems(unsigned_because, copies)
    title = f"Audit log: {count_text(head.count, 'record')}, {'NOT signed' if unsigned_because else 'signed'}"
    parts: list[Part] = [Text((problem,)) for problem in problems]
    parts.append(Text((f"{head.count}:{head.hash}",), literal=True))
    if segment is not None:
        parts.append(Facts(tuple(_facts(segment))))
    parts.append(
        note("To prove later that nothing before this was rewritten: understudy audit verify --head, and this")
    )
    return Page(
        title=title,
        tone=Tone.WARNING if problems else Tone.INFO,
        summary=". ".join((title, *problems, f"Head {head.count}:{head.hash}")),
        parts=tuple(parts),
    )


def _problems(unsigned_because: str | None, copies: CopiesWaiting) -> Sequence[str]:
    problems = []
    if unsigned_because:
        problems.append(f"Nothing is signed: {unsigned_because}")
    if copies.failing and copies.since is not None:
        waiting = count_text(copies.count, "signed head")
        problems.append(f"Not in S3 since {copies.since:%Y-%m-%d %H:%M} UTC: {waiting}. {copies.last_error}")
    return problems


def _facts(segment: Segment) -> list[tuple[str, tuple[Span, ...]]]:
    return [
        ("Segment", (f"{segment.number}, {segment.records}",)),
        ("Signed", (Moment(segment.closed_at),)),
        ("Key", (segment.key[:16],)),
        ("Signature", (segment.signature,)),
    ]
