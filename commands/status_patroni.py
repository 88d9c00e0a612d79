"""What Patroni says of a cluster, as people read it beside what the servers say of themselves. Pure."""

from datetime import datetime

from ledger.page import Facts, Item, Items, Moment, Part, Span, Table, Tone
from ledger.quantities import bytes_text, seconds_text
from servers.patroni_disagreement import disagreements
from servers.patroni_state import PatroniConfig, PatroniMember, PatroniState
from servers.state import ClusterState

UNKNOWN = "unknown"


def patroni_word(state: ClusterState | None) -> str | None:
    """The worst of it in a few words, for a line in the overview; None where all is well or Patroni runs nothing."""
    said = state.patroni if state else None
    if state is None or said is None:
        return None
    if not said.answer.ok:
        return "Patroni unknown"
    if said.leader is None:
        return "no leader in Patroni"
    if disagreements(state):
        return "Patroni disagrees"
    return "Patroni paused" if said.paused else None


def patroni_tone(state: ClusterState | None) -> Tone | None:
    """How bad that is; None where nothing is."""
    said = state.patroni if state else None
    if patroni_word(state) is None or said is None:
        return None
    return Tone.WARNING if said.answer.ok else Tone.UNKNOWN


def patroni_parts(state: ClusterState | None) -> tuple[Part, ...]:
    """Nothing for a cluster that Patroni does not run. What it says wrong, or does not say, comes first."""
    said = state.patroni if state else None
    if state is None or said is None:
        return ()
    if not said.answer.ok:
        title = "What Patroni says is not known, and nothing can be asked of it"
        return (Items("Patroni", (Item(Tone.UNKNOWN, title, said.answer.how),)),)
    wrong = _wrong(state, said)
    return (
        *((Items("Patroni", wrong),) if wrong else ()),
        Table(("Patroni's member", "Role", "State", "Lag", "Timeline", "Remarks"), tuple(map(_row, said.members))),
        Facts(_facts(said)),
    )


def _wrong(state: ClusterState, said: PatroniState) -> tuple[Item, ...]:
    items = [Item(Tone.CRITICAL, line, "Look at both before anything is done") for line in disagreements(state)]
    if said.leader is None:
        then = f"It is paused: somebody must be named. Type: /ha promote {state.cluster}"
        by_itself = f"Patroni chooses one by itself, mostly within {seconds_text(said.config.ttl)}"
        items.append(Item(Tone.CRITICAL, "Patroni has no leader", then if said.paused else by_itself))
    if said.paused:
        items.append(Item(Tone.WARNING, "Patroni is paused", "It fails over nobody and starts nothing by itself"))
    return tuple(items)


def _row(member: PatroniMember) -> tuple[str, ...]:
    lag = "-" if member.leads else UNKNOWN if member.lag is None else bytes_text(member.lag)
    remarks = [*([] if member.may_lead else ["never leads"]), *(["needs a restart"] if member.pending_restart else [])]
    timeline = UNKNOWN if member.timeline is None else str(member.timeline)
    role = member.role.replace("_", " ")
    return (member.name, role, member.state or UNKNOWN, lag, timeline, ", ".join(remarks) or "-")


def _facts(said: PatroniState) -> tuple[tuple[str, tuple[Span, ...]], ...]:
    rules = said.config
    facts: list[tuple[str, tuple[Span, ...]]] = [
        ("Synchronous mode", (_synchronous(rules),)),
        ("Fails over to", (f"who lags {bytes_text(rules.maximum_lag_on_failover)} at most",)),
        ("Leader key", (f"runs out {seconds_text(rules.ttl)} after the leader was last well",)),
    ]
    if said.scheduled is not None:
        facts.insert(0, ("Scheduled", _scheduled(said.scheduled.target, said.scheduled.at)))
    return tuple(facts)


def _scheduled(target: str | None, at: datetime) -> tuple[Span, ...]:
    return (f"switchover to {target or 'whom Patroni chooses'} at {at:%Y-%m-%d %H:%M} UTC, ", Moment(at))


def _synchronous(rules: PatroniConfig) -> str:
    if not rules.synchronous_mode:
        return "off"
    return "quorum" if rules.quorum_commit else "on: only a sync standby takes over without loss"
