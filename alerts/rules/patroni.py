"""Rules over what Patroni says of a cluster that it runs."""

from collections.abc import Callable

from alerts.dependencies import Layer
from alerts.probes.patroni import PATRONI_ACTIVE, PATRONI_DCS, PATRONI_LEADER, PATRONI_MEMBER
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown, no
from ledger.alerts import Severity


def _as_it_says(observation: str, threshold: str) -> Callable[[Reading], Result]:
    """A warning whose value is what Patroni said."""

    def judge(reading: Reading) -> Result:
        seen, evidence = reading.value(observation), reading.evidence(observation)
        if seen is None:
            return Unknown()
        if seen:
            return Ok("; ".join(evidence))
        return Bad(Severity.WARNING, "; ".join(evidence), threshold, evidence)

    return judge


PATRONI_HAS_NO_DCS = Rule(
    name="patroni_dcs",
    observes=(PATRONI_DCS,),
    title="{cluster}: Patroni does not reach its DCS",
    resolved_title="{cluster}: Patroni reaches its DCS again",
    judge=no(PATRONI_DCS, Severity.CRITICAL, "no answer from the DCS", "an answer", "the DCS answers"),
    hold=lambda thresholds: thresholds.patroni_dcs_for,
    why="Without its DCS (etcd, Consul, ZooKeeper, Kubernetes) Patroni makes the leader a standby once the leader key "
    "has run out, unless failsafe_mode is on: then nothing can be written.",
    mend="Look at the DCS first, and at the network between it and the members. Nothing can be asked of Patroni "
    "meanwhile.",
    takes_down=(Layer.DCS,),
)

PATRONI_HAS_NO_LEADER = Rule(
    name="patroni_no_leader",
    observes=(PATRONI_LEADER,),
    title="{cluster}: Patroni has no leader",
    resolved_title="{cluster}: Patroni has a leader again",
    judge=no(PATRONI_LEADER, Severity.CRITICAL, "no member leads", "one leader", "a member leads"),
    hold=lambda thresholds: thresholds.patroni_no_leader_for,
    why="Nobody holds the leader key: nobody may take writes, and nobody is promoted while that lasts.",
    mend="Patroni chooses one by itself, unless it is paused or no member qualifies (lag, tags, timeline). Name one: "
    "/ha promote.",
    about=Layer.LEADER,
    takes_down=(Layer.LEADER,),
    caused_by_operations=True,
)

PATRONI_MEMBER_UNWELL = Rule(
    name="patroni_member",
    observes=(PATRONI_MEMBER,),
    title="{cluster}: Patroni's member {subject} is not well",
    resolved_title="{cluster}: Patroni's member {subject} is well again",
    judge=_as_it_says(PATRONI_MEMBER, "running or streaming"),
    hold=lambda thresholds: thresholds.patroni_member_for,
    why="Such a member does not take over when the leader is lost.",
    mend="Patroni mends most by itself. If it does not, look at its log there; a new copy of the leader: /ha rejoin.",
    about=Layer.MEMBER,
    hidden_by_same=("primary_unreachable",),
    caused_by_operations=True,
)

PATRONI_IS_PAUSED = Rule(
    name="patroni_paused",
    observes=(PATRONI_ACTIVE,),
    title="{cluster}: Patroni is paused",
    resolved_title="{cluster}: Patroni is no longer paused",
    judge=no(PATRONI_ACTIVE, Severity.WARNING, "paused", "active, outside of maintenance", "active"),
    hold=lambda thresholds: thresholds.patroni_paused_for,
    why="Paused it fails over nobody by itself, and starts nothing that is stopped.",
    mend="If nobody is at work: patronictl resume. If somebody is: /ha maintenance on.",
)
