"""A plan as people read it: what is wrong first, each thing once; what only asks back refuses nothing."""

import dataclasses

from commands.plan import Check, CheckResult, Loss, Plan, Step
from commands.plan_page import plan_page
from ledger.page import Item, Items, Table, Tone, text

PLAN = Plan(
    kind="switchover",
    cluster="shop",
    system_identifier="1",
    timeline=1,
    source="db1",
    target="db2",
    steps=(Step("promote", "db2", "Promote db2", "It becomes the primary.", "it takes writes", 10.0),),
    checks=(),
    outage_seconds=1.0,
    loss=Loss(0, 0.0, "It has everything."),
)


def test_what_asks_back_is_no_refusal() -> None:
    """`/ha restore` alone: first what to type, then what there is; no outage, no loss, no steps."""
    asked_back = Check("moment", "To which moment", CheckResult.FAIL, "Type: /ha restore shop --to WHEN")
    there = Check("instance_1", "Beside db2: latest", CheckResult.PASS, "kept until 14:00 UTC")
    listing = Table(("Base backup",), (("20261124T134302Z",),))
    page = plan_page(
        dataclasses.replace(PLAN, kind="restore", steps=(), checks=(asked_back, there), listing=listing), None
    )
    assert page.title == "Restore of shop"
    assert page.tone is Tone.INFO
    assert page.parts == (
        text("Type: /ha restore shop --to WHEN"),
        Items("What stands beside", (Item(Tone.GOOD, "Beside db2: latest", "kept until 14:00 UTC"),)),
        listing,
    )


def test_what_is_wrong_comes_first_and_once() -> None:
    failed = Check("sql", "db1 answers by SQL", CheckResult.FAIL, "Connection refused")
    page = plan_page(dataclasses.replace(PLAN, checks=(failed,)), None)
    assert page.parts[0] == Items("What was checked", (Item(Tone.FAILED, "db1 answers by SQL", "Connection refused"),))
    assert str(page.parts).count("Connection refused") == 1
