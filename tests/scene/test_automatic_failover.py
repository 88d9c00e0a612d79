"""Failing over without a person, as people see it: the message, its buttons, and who pressed them."""

import pytest

from lab.settings_file import with_automatic_failover
from lab.stage import CLUSTER_CHANNEL, open_stage
from lab.world import LabOptions
from tests.scene.play import has_button, offers, says

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]


async def test_a_failover_is_announced_hastened_and_seen_through() -> None:
    def edit(text: str) -> str:
        quick = with_automatic_failover(text, "shop").replace('after = "5s"', 'after = "1s"')
        return quick.replace("[clusters.shop]\n", '[monitor]\nfast_interval = "300ms"\n\n[clusters.shop]\n', 1)

    async with open_stage(LabOptions(base_backup=False), edit=edit) as stage:
        lab, slack = stage.lab, stage.slack
        await lab.load.start(rate=100)
        await lab.load.wait_for_rows(300)
        await lab.servers["db1"].kill()
        message = await slack.wait_for_message(CLUSTER_CHANNEL, offers("Do it now"), timeout=20)
        assert "Failing over shop in 20 s: db1 → db2" in message["text"]
        assert has_button(message, "Stop")
        await slack.person("U0BOB").press(message, text="Do it now")
        done = await slack.wait_for_message(CLUSTER_CHANNEL, says("Automatic failover of shop has started"), timeout=20)
        assert done["ts"] == message["ts"]
        assert not has_button(done, "Stop")
        assert "Bob" in str(done["blocks"]) or "bob" in str(done["blocks"])
        await slack.wait_for_message(CLUSTER_CHANNEL, says("Failover of shop: db1 → db2 succeeded"), timeout=30)
        assert not await lab.servers["db2"].in_recovery()
        assert (await lab.load.stop_and_report("db2")).lost_received == ()
