"""What `/ha archive setup` changes, and what it says of a restart."""

from dataclasses import replace

import pytest

from commands.archiving.setup_plan import ArchiveSeen, needs_restart, plan_setup
from commands.command import Misunderstood
from servers.backups.native.archiving import ArchivingFacts
from tests.commands.inventory import SHOP
from tests.commands.practice import practice_pair

COMMAND = '/usr/local/bin/understudy-archive "%p" /archive'
NOTHING = ArchivingFacts(script_there=False, mode="off", timeout="0", command="(disabled)", waits=False)
READY = ArchivingFacts(script_there=True, mode="on", timeout="1min", command=COMMAND, waits=False)


async def seen(facts: ArchivingFacts) -> ArchiveSeen:
    state = await practice_pair().observe(SHOP)
    return ArchiveSeen(SHOP, SHOP.servers[0], state.server("db1"), facts, "/usr/local/bin/understudy-archive", COMMAND)


async def test_everything_is_set_where_nothing_is_and_the_restart_is_told_and_not_done() -> None:
    plan = plan_setup(await seen(NOTHING))
    assert [step.action for step in plan.steps] == ["put_script", "set_archiving"]
    assert dict(plan.facts)["setting archive_command"] == COMMAND
    assert needs_restart(plan)
    assert any(check.name == "restart" and "restarted" in check.evidence for check in plan.checks)


async def test_only_what_differs_is_changed() -> None:
    plan = plan_setup(await seen(replace(READY, command="cp %p /archive/%f")))
    assert [step.action for step in plan.steps] == ["set_archiving"]
    assert not needs_restart(plan)
    assert any("is replaced: cp %p /archive/%f" in check.evidence for check in plan.checks)


@pytest.mark.parametrize("facts", [READY, replace(READY, mode="off", waits=True)])
async def test_where_nothing_differs_nothing_is_planned(facts: ArchivingFacts) -> None:
    with pytest.raises(Misunderstood, match="already"):
        plan_setup(await seen(facts))
