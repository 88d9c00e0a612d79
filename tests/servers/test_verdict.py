"""What a look at a cluster means."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.inventory import Cluster
from servers.state import (
    ClusterState,
    ControlData,
    HostFacts,
    Outcome,
    PeerReply,
    PeerTry,
    Receiver,
    ReplicationRow,
    Role,
    ServerState,
    SqlFacts,
)
from servers.verdict import Verdict, judge
from tests.servers.seen import (
    AT,
    PAIR,
    PRIMARY_FACTS,
    RECEIVER,
    ROW,
    STANDBY_FACTS,
    SYSTEM,
    answer,
    host,
    look,
    seen,
    server,
)

REFUSED, TIMED_OUT, DENIED, STARTING = Outcome.REFUSED, Outcome.TIMED_OUT, Outcome.DENIED, Outcome.STARTING
GONE, FED = replace(STANDBY_FACTS, receiver=None), PRIMARY_FACTS
UNFED = replace(PRIMARY_FACTS, replication=())
STALE = replace(STANDBY_FACTS, receiver=replace(RECEIVER, last_message_age_seconds=25.0))
OTHER_TIMELINE = replace(GONE, timeline=2)
HIDDEN = replace(STANDBY_FACTS, sees_everything=False)
STANDBY_HOST = host(state="in archive recovery", signal=True)
CANNOT_REACH = host(state="in archive recovery", signal=True, peers={"db1": PeerReply.NO_RESPONSE})
REACHES = host(state="in archive recovery", signal=True, peers={"db1": PeerReply.ACCEPTING})
IS_REFUSED = host(state="in archive recovery", signal=True, peers={"db1": PeerReply.REJECTING})
DEAD, FROZEN, ALIVE = host(None), host(stopped=True), host()
HUNG = host(peers={"db1": PeerReply.NO_RESPONSE})
FENCED = host(None, signal=True)

WAS_PRIMARY, WAS_STANDBY = Role.PRIMARY, Role.STANDBY


def db1(*args: SqlFacts | HostFacts | Outcome, role: Role = Role.UNKNOWN, host_age: float = 0.0) -> ServerState:
    return seen("db1", *args, last_role=role, host_age=host_age)  # type: ignore[arg-type]


def db2(*args: SqlFacts | HostFacts | Outcome, role: Role = Role.UNKNOWN) -> ServerState:
    return seen("db2", *args, last_role=role)  # type: ignore[arg-type]


CASES = {
    "a primary that feeds a standby that streams": (db1(FED), db2(STANDBY_FACTS), Verdict.HEALTHY, "db1"),
    "roles are seen, not set": (
        seen("db1", replace(STANDBY_FACTS, receiver=replace(RECEIVER, slot="db1"))),
        seen("db2", replace(FED, replication=(replace(ROW, application_name="db1"),))),
        Verdict.HEALTHY,
        "db2",
    ),
    "a standby that catches up is no broken one": (
        db1(replace(FED, replication=(replace(ROW, state="catchup"),))), db2(STANDBY_FACTS), Verdict.HEALTHY, "db1",
    ),
    "kill -9: no SQL, and the host says no postmaster": (
        db1(REFUSED, DEAD, role=WAS_PRIMARY), db2(GONE), Verdict.PRIMARY_DOWN, "db1",
    ),
    "the same when nobody has seen it before: its control data says that it was the primary": (
        db1(REFUSED, DEAD), db2(GONE), Verdict.PRIMARY_DOWN, "db1",
    ),
    "SIGSTOP: no SQL, and the host says it is stopped": (
        db1(TIMED_OUT, FROZEN, role=WAS_PRIMARY), db2(STANDBY_FACTS), Verdict.PRIMARY_DOWN, "db1",
    ),
    "a hung server that does not answer its own host either": (
        db1(TIMED_OUT, HUNG, role=WAS_PRIMARY), db2(GONE, CANNOT_REACH), Verdict.PRIMARY_DOWN, "db1",
    ),
    "the host is gone: no SQL, no SSH, and the standby hears nothing and reaches nothing": (
        db1(TIMED_OUT, TIMED_OUT, role=WAS_PRIMARY), db2(GONE, CANNOT_REACH), Verdict.PRIMARY_DOWN, "db1",
    ),
    "the same with a receiver that does not know it yet": (
        db1(TIMED_OUT, TIMED_OUT, role=WAS_PRIMARY), db2(STALE, CANNOT_REACH), Verdict.PRIMARY_DOWN, "db1",
    ),
    "the same when nobody has seen it before: all others are standbys": (
        db1(TIMED_OUT, TIMED_OUT), db2(GONE, CANNOT_REACH), Verdict.PRIMARY_DOWN, "db1",
    ),
    "it recovers from a crash: it says so itself, and to the standby": (
        db1(STARTING, TIMED_OUT, role=WAS_PRIMARY), db2(GONE, IS_REFUSED), Verdict.PRIMARY_DOWN, "db1",
    ),
    "both servers are dead": (db1(REFUSED, DEAD), db2(REFUSED, FENCED), Verdict.PRIMARY_DOWN, "db1"),
    "only our SQL fails: the standby streams": (
        db1(TIMED_OUT, TIMED_OUT, role=WAS_PRIMARY), db2(STANDBY_FACTS), Verdict.PRIMARY_UNREACHABLE, "db1",
    ),
    "only our SQL fails: the standby reaches it": (
        db1(TIMED_OUT, TIMED_OUT, role=WAS_PRIMARY), db2(GONE, REACHES), Verdict.PRIMARY_UNREACHABLE, "db1",
    ),
    "only our SQL fails: its host shows that it runs": (
        db1(TIMED_OUT, ALIVE, role=WAS_PRIMARY), db2(GONE, CANNOT_REACH), Verdict.PRIMARY_UNREACHABLE, "db1",
    ),
    "a wrong password is no death": (
        db1(DENIED, TIMED_OUT, role=WAS_PRIMARY), db2(GONE, CANNOT_REACH), Verdict.PRIMARY_UNREACHABLE, "db1",
    ),
    "no SQL, no SSH, and the standby's host cannot be asked: not known": (
        db1(TIMED_OUT, TIMED_OUT, role=WAS_PRIMARY), db2(GONE, TIMED_OUT), Verdict.UNKNOWN, "db1",
    ),
    "nothing answers: it may be our own network": (
        db1(TIMED_OUT, TIMED_OUT, role=WAS_PRIMARY), db2(TIMED_OUT, TIMED_OUT, role=WAS_STANDBY), Verdict.UNKNOWN,
        "db1",
    ),
    "nothing was asked": (db1(Outcome.NOT_ASKED), db2(Outcome.NOT_ASKED), Verdict.UNKNOWN, None),
    "an old look at the host says nothing of now": (
        db1(REFUSED, DEAD, role=WAS_PRIMARY, host_age=5.0), db2(STANDBY_FACTS), Verdict.PRIMARY_UNREACHABLE, "db1",
    ),
    "the standby is dead": (db1(UNFED), db2(REFUSED, host(None, signal=True)), Verdict.STANDBY_DOWN, "db1"),
    "the standby is frozen": (
        db1(FED), db2(TIMED_OUT, host(stopped=True, signal=True)), Verdict.STANDBY_DOWN, "db1",
    ),
    "the standby's host is gone, and the primary feeds nobody": (
        db1(UNFED), db2(TIMED_OUT, TIMED_OUT, role=WAS_STANDBY), Verdict.STANDBY_DOWN, "db1",
    ),
    "the standby does not answer us, but is fed": (
        db1(FED), db2(TIMED_OUT, TIMED_OUT, role=WAS_STANDBY), Verdict.UNKNOWN, "db1",
    ),
    "the standby refuses us, runs, and is not fed": (
        db1(UNFED), db2(DENIED, STANDBY_HOST), Verdict.REPLICATION_BROKEN, "db1",
    ),
    "an old primary that was fenced counts as a standby that is down": (
        db1(REFUSED, FENCED, role=WAS_PRIMARY), db2(replace(UNFED, timeline=2)), Verdict.STANDBY_DOWN, "db2",
    ),
    "a base backup in progress feeds no standby": (
        db1(replace(FED, replication=(replace(ROW, application_name="pg_basebackup"),))),
        db2(TIMED_OUT, TIMED_OUT), Verdict.STANDBY_DOWN, "db1",
    ),
    "both run, nothing streams": (db1(UNFED), db2(GONE), Verdict.REPLICATION_BROKEN, "db1"),
    "the standby streams from somebody else": (db1(UNFED), db2(STANDBY_FACTS), Verdict.REPLICATION_BROKEN, "db1"),
    "what the role may not see is not known": (db1(FED), db2(HIDDEN), Verdict.UNKNOWN, "db1"),
    "the standby is on another timeline and cannot follow": (
        db1(UNFED), db2(OTHER_TIMELINE), Verdict.DIFFERENT_TIMELINES, "db1",
    ),
    "two primaries": (db1(UNFED), db2(UNFED), Verdict.SPLIT_BRAIN, "db1"),
    "two primaries on different timelines": (
        db1(UNFED), db2(replace(UNFED, timeline=2)), Verdict.SPLIT_BRAIN, "db2",
    ),
    "two primaries, one of which only its host shows": (
        db1(TIMED_OUT, ALIVE), db2(replace(UNFED, timeline=2)), Verdict.SPLIT_BRAIN, "db2",
    ),
    "two standbys": (db1(GONE), db2(GONE), Verdict.NO_PRIMARY, None),
    "a standby, and a fenced server": (db1(REFUSED, FENCED), db2(GONE), Verdict.NO_PRIMARY, None),
    "two different systems": (
        db1(FED), db2(replace(STANDBY_FACTS, system_identifier="1")), Verdict.NOT_A_PAIR, "db1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_seen_means(case: str) -> None:
    first, second, verdict, primary = CASES[case]

    judgement = judge(PAIR, look(first, second))

    assert (judgement.verdict, judgement.primary) == (verdict, primary)


def test_the_evidence_names_each_viewpoint_in_plain_words_what_is_wrong_first() -> None:
    primary = db1(REFUSED, DEAD, role=WAS_PRIMARY)

    judgement = judge(PAIR, look(primary, db2(GONE, CANNOT_REACH)))

    assert judgement.evidence == (
        "understudy by SQL to db1: refused",
        "db1 by SSH: no postmaster; pg_controldata says in production",
        "db2's own try of db1: no response",
        "db2's receiver: gone",
        "understudy by SQL to db2: a standby on timeline 1",
    )


def test_the_evidence_leaves_out_what_only_repeats_that_a_server_is_well() -> None:
    reaches_both = replace(ALIVE, peers=(PeerTry("db1", PeerReply.ACCEPTING), PeerTry("db2", PeerReply.ACCEPTING)))

    healthy = judge(PAIR, look(db1(FED, ALIVE), db2(STANDBY_FACTS, reaches_both)))
    from_here_only = judge(PAIR, look(db1(TIMED_OUT, role=WAS_PRIMARY), db2(STANDBY_FACTS, reaches_both)))

    assert not any("by SSH" in line or "own try" in line for line in healthy.evidence)
    assert "db2's own try of db1: accepting connections" in from_here_only.evidence
    assert not any("itself" in line for line in from_here_only.evidence)
    assert from_here_only.evidence[-1] == "understudy's memory of db1: the primary when it was last seen"


def test_the_worst_standby_counts() -> None:
    three = Cluster("shop", "C0OPS", (*PAIR.servers, server("db3")))
    dead = seen("db3", REFUSED, host(None, signal=True))

    judgement = judge(three, look(db1(FED), db2(STANDBY_FACTS), dead))

    assert judgement.verdict is Verdict.STANDBY_DOWN
    assert judgement.standbys == ("db2", "db3")


def test_a_server_that_was_not_looked_at_is_unknown() -> None:
    judgement = judge(PAIR, look(db1(FED)))

    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.unknown == ("db2",)


names = st.sampled_from(["db1", "db2", "db3", ""])
lsns = st.none() | st.integers(0, 5).map(lambda n: n * 500)
ages = st.none() | st.floats(0, 100)
receivers = st.none() | st.builds(
    Receiver, st.sampled_from(["streaming", "waiting", "hidden"]), st.none(), st.none(), st.none(), lsns, ages
)
rows = st.builds(
    ReplicationRow, names, st.none(), st.sampled_from(["streaming", "catchup", "backup", "startup", "hidden"]),
    st.just("async"), lsns, lsns, lsns, lsns, ages,
)  # fmt: skip
facts = st.builds(
    lambda recovery, timeline, system, receiver, replication, sees: replace(
        PRIMARY_FACTS, in_recovery=recovery, timeline=timeline, system_identifier=system, receiver=receiver,
        replication=tuple(replication), sees_everything=sees,
    ),
    st.booleans(), st.integers(1, 3), st.sampled_from([SYSTEM, SYSTEM, SYSTEM, "1"]), receivers,
    st.lists(rows, max_size=3), st.booleans(),
)  # fmt: skip
controls = st.none() | st.builds(
    lambda state, system: ControlData(state, system, 1, PRIMARY_FACTS.wal_lsn or 0, 0),  # type: ignore[arg-type]
    st.sampled_from(["in production", "shut down", "in archive recovery", "shut down in recovery", "gibberish"]),
    st.sampled_from([SYSTEM, SYSTEM, "1"]),
)
hosts = st.builds(
    lambda pid, stopped, signal, control, peers: HostFacts(
        pid, stopped, signal, control, (), None, None, tuple(PeerTry(*each) for each in peers)
    ),
    st.none() | st.just(42), st.booleans(), st.booleans(), controls,
    st.lists(st.tuples(names, st.sampled_from(PeerReply)), max_size=3),
)  # fmt: skip
failures = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.ANSWERED])


@st.composite
def server_states(draw: st.DrawFn, name: str) -> ServerState:
    return seen(
        name,
        draw(facts | failures),
        draw(hosts | failures),
        last_role=draw(st.sampled_from(Role)),
        host_age=draw(st.sampled_from([0.0, 5.0])),
    )


states = st.builds(look, server_states("db1"), server_states("db2"))


@given(states)
def test_it_is_never_healthy_while_a_server_is_unseen_or_the_standby_does_not_stream(state: ClusterState) -> None:
    judgement = judge(PAIR, state)

    if judgement.verdict is Verdict.HEALTHY:
        assert all(each.sql is not None for each in state.servers)
        (standby,) = (each.sql for each in state.servers if each.sql and each.sql.in_recovery)
        assert standby.receiver is not None
        assert standby.receiver.status == "streaming"


@given(states)
def test_a_primary_is_never_down_on_our_sql_alone(state: ClusterState) -> None:
    """With everybody's hosts silent there is only our SQL, and what a standby's SQL says of its receiver."""
    silent = replace(
        state, servers=tuple(replace(each, host=None, ssh_answer=answer(TIMED_OUT)) for each in state.servers)
    )

    assert judge(PAIR, silent).verdict is not Verdict.PRIMARY_DOWN


@given(states)
def test_a_primary_that_answers_by_sql_is_never_down(state: ClusterState) -> None:
    judgement = judge(PAIR, state)

    if judgement.verdict in (Verdict.PRIMARY_DOWN, Verdict.PRIMARY_UNREACHABLE):
        assert judgement.primary is not None
        assert state.server(judgement.primary).sql is None


@given(states)
def test_nothing_seen_means_unknown(state: ClusterState) -> None:
    nothing = replace(
        state,
        servers=tuple(
            replace(each, sql=None, sql_answer=answer(TIMED_OUT), host=None, ssh_answer=answer(TIMED_OUT))
            for each in state.servers
        ),
    )

    judgement = judge(PAIR, nothing)

    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.unknown == ("db1", "db2")


@given(st.lists(server_states("db1") | server_states("db2") | server_states("stranger"), max_size=4))
def test_every_look_has_a_verdict_and_its_evidence(servers: list[ServerState]) -> None:
    judgement = judge(PAIR, ClusterState("shop", AT, tuple(servers)))

    assert judgement.verdict in Verdict
    assert judgement.evidence
    assert judgement.primary not in judgement.standbys
