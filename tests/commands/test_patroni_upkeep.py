"""Upkeep of what Patroni runs: which call of it does an order, and what is refused."""

from dataclasses import replace

import pytest

from commands.command import Misunderstood, Order
from commands.patroni_upkeep import (
    REINITIALIZE,
    RELOAD,
    RESTART,
    plan_reinitialize,
    plan_reload,
    plan_restart,
    refuse,
)
from commands.registry import COMMANDS
from servers.patroni_state import PatroniState
from servers.state import Answer, Outcome
from tests.commands.inventory import SHOP
from tests.commands.test_patroni_promotion import AT, LEADER, MANAGED, REPLICA, SEEN, observed

ACTIONS = {name for command in COMMANDS if isinstance(command, Order) for name in command.actions()}


async def test_each_order_is_one_call_of_patronis() -> None:
    state = await observed()
    plans = [
        (plan_restart(MANAGED, state, "db2"), [RESTART]),
        (plan_reload(MANAGED, state, ("db1", "db2")), [RELOAD, RELOAD]),
        (plan_reinitialize(MANAGED, state, "rejoin", "db2"), [REINITIALIZE]),
    ]
    for plan, steps in plans:
        assert [step.action for step in plan.steps] == steps
        assert plan.failed_checks == ()
        assert set(steps) <= ACTIONS


async def test_a_reinitialize_is_for_who_does_not_lead_and_says_that_nothing_is_kept() -> None:
    with pytest.raises(Misunderstood, match="db1 leads shop"):
        plan_reinitialize(MANAGED, await observed(), "rejoin", "db1")
    with pytest.raises(Misunderstood, match="Which server"):
        plan_reinitialize(MANAGED, await observed(), "rejoin", None)
    broken = replace(SEEN, members=(LEADER, replace(REPLICA, state="start failed")))
    plan = plan_reinitialize(MANAGED, await observed(broken), "rejoin", None)
    assert plan.target == "db2"
    assert "keeps nothing of it aside" in plan.risks[0]


async def test_without_patronis_answer_nothing_is_planned() -> None:
    silent = await observed(PatroniState(Answer(Outcome.TIMED_OUT, AT, 2.0, "no answer within 2 s")))
    with pytest.raises(Misunderstood, match="no answer within 2 s"):
        plan_restart(MANAGED, silent, "db2")


def test_what_patroni_does_itself_is_refused_there_alone() -> None:
    with pytest.raises(Misunderstood, match="nothing is done behind its back"):
        refuse(MANAGED, "Ask it.")
    refuse(SHOP, "Ask it.")
