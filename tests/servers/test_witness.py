"""The witness: a host that tries the servers from where it stands, and what its word counts for."""

import asyncio
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lab.faults import FaultKind
from servers.inventory import Cluster
from servers.state import HostFacts, Outcome, PeerReply, PeerTry, Role, ServerState, SqlFacts, WitnessView
from servers.verdict import Verdict, judge
from servers.witness import _TRY
from tests.servers.pair import Pair
from tests.servers.seen import PAIR, PRIMARY_FACTS, STANDBY_FACTS, answer, host, look, seen

GONE = replace(STANDBY_FACTS, receiver=None)
SILENT, ACCEPTING, REJECTING = PeerReply.NO_RESPONSE, PeerReply.ACCEPTING, PeerReply.REJECTING


def witness(reply: PeerReply) -> WitnessView:
    return WitnessView(answer(), (PeerTry("db1", reply), PeerTry("db2", ACCEPTING)))


def judged(db2: ServerState, view: WitnessView | None, db1_host: HostFacts | Outcome = Outcome.TIMED_OUT) -> Verdict:
    """db1, the primary until now, answers nobody of us."""
    db1 = seen("db1", Outcome.TIMED_OUT, db1_host, last_role=Role.PRIMARY)
    return judge(PAIR, replace(look(db1, db2), witness=view)).verdict


def db2(sql: SqlFacts | Outcome = GONE, own_try: PeerReply | None = None) -> ServerState:
    return seen("db2", sql, host(signal=True, peers={"db1": own_try}) if own_try else Outcome.TIMED_OUT)


@pytest.mark.parametrize(
    ("standby", "view", "verdict"),
    [
        # The standby's host is silent, so that its own try is not known: the witness's takes its place.
        (db2(), witness(SILENT), Verdict.PRIMARY_DOWN),
        (db2(), None, Verdict.UNKNOWN),
        (db2(), witness(PeerReply.NOT_TRIED), Verdict.UNKNOWN),
        # Whoever is reached by the witness is not down, whatever the standby and we see.
        (db2(own_try=SILENT), witness(ACCEPTING), Verdict.PRIMARY_UNREACHABLE),
        (db2(own_try=SILENT), witness(SILENT), Verdict.PRIMARY_DOWN),
        # The standby hears it: the witness alone does not outvote that.
        (db2(STANDBY_FACTS), witness(SILENT), Verdict.PRIMARY_UNREACHABLE),
        # No standby was seen: two blind men and a witness are no evidence.
        (db2(Outcome.TIMED_OUT), witness(SILENT), Verdict.UNKNOWN),
    ],
)
def test_what_the_witness_sees_counts_as_a_viewpoint_of_its_own(
    standby: ServerState, view: WitnessView | None, verdict: Verdict
) -> None:
    assert judged(standby, view) is verdict


def test_what_the_witness_sees_is_told() -> None:
    state = replace(look(seen("db1", Outcome.REFUSED), db2()), witness=witness(SILENT))
    assert "the witness's try of db1: no response" in judge(PAIR, state).evidence
    silent = WitnessView(replace(answer(Outcome.TIMED_OUT), detail="no answer over SSH"), ())
    told = judge(PAIR, replace(state, witness=silent)).evidence
    assert "understudy by SSH to the witness: timed out: no answer over SSH" in told
    well = look(seen("db1", PRIMARY_FACTS), seen("db2", STANDBY_FACTS))
    assert judge(PAIR, replace(well, witness=witness(ACCEPTING))).evidence == judge(PAIR, well).evidence


async def test_without_pg_isready_it_tries_a_bare_connection(tmp_path: Path) -> None:
    for program in ("sh", "bash", "timeout"):
        found = shutil.which(program)
        assert found is not None
        (tmp_path / program).symlink_to(found)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = str(server.sockets[0].getsockname()[1])
    async with server:
        asked = ("-c", _TRY, "sh", "1.0", "127.0.0.1", port, "127.0.0.1", "1")
        shell, environment = shutil.which("sh") or "sh", {**os.environ, "PATH": str(tmp_path)}
        process = await asyncio.create_subprocess_exec(shell, *asked, env=environment, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(10):
            output, _ = await process.communicate()
    assert set(output.decode().splitlines()) == {"@peer 0 0 accepting connections", "@peer 1 2 no response", "@done"}


@pytest.mark.lab
@pytest.mark.asyncio(loop_scope="module")
async def test_a_real_host_that_tries(mended_pair: Pair) -> None:
    """db2's host plays the witness: it has another way to db1 than we have."""
    pair = mended_pair
    cluster: Cluster = replace(pair.cluster, witness=pair.cluster.server("db2").ssh)
    state = await pair.observer.observe(cluster)
    assert state.witness is not None
    assert (state.witness.reply("db1"), state.witness.reply("db2")) == (ACCEPTING, ACCEPTING)
    assert (await pair.observer.observe(cluster, host_facts_max_age=60.0)).witness is None  # all is well: left alone

    await pair.lab.faults.apply(FaultKind.CUT, "bot-db1")
    state = await pair.observer.observe(cluster, host_facts_max_age=60.0)
    assert state.witness is not None
    assert state.witness.reply("db1") is ACCEPTING
    assert judge(cluster, state).verdict is Verdict.PRIMARY_UNREACHABLE

    await pair.lab.faults.apply(FaultKind.CUT, "db1-db2")
    async with asyncio.timeout(10):
        while judge(cluster, state := await pair.observer.observe(cluster)).verdict is not Verdict.PRIMARY_DOWN:
            await asyncio.sleep(0.05)
    assert state.witness is not None
    assert state.witness.reply("db1") is SILENT
