"""A command that leads clients, beside the bot: nothing is interpreted, and its own word decides."""

import sys
from pathlib import Path

import pytest

from servers.engines.engine import ActionFailed
from servers.ssh import Shells
from servers.traffic.command import CommandPlace, CommandTarget
from servers.traffic.target import Address, Move

MOVE = Move("shop; rm -rf /", "$(id)", "`id`\n")
ADDRESSES = {"$(id)": Address("10.0.0.1", 5432), "`id`\n": Address("10.0.0.2", 5433)}
TELL = "import os, sys; print(sorted((k, v) for k, v in os.environ.items() if k.startswith('UNDERSTUDY_')))"
SAVE = "import os, sys; open(sys.argv[1], 'w').write(os.environ['UNDERSTUDY_NEW_HOST'])"


def target(**place: tuple[str, ...]) -> CommandTarget:
    known = {"redirect": (sys.executable, "-c", TELL), **place}
    return CommandTarget(CommandPlace(name="web", addresses=ADDRESSES, **known), Shells())  # type: ignore[arg-type]


async def test_what_it_is_about_arrives_as_it_is_and_no_secret_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_SLACK__BOT_TOKEN", "xoxb-secret")
    done = await target().redirect(MOVE, timeout=10)
    assert done.output.strip() == str(
        [
            ("UNDERSTUDY_CLUSTER", MOVE.cluster), ("UNDERSTUDY_NEW_HOST", "10.0.0.2"),
            ("UNDERSTUDY_NEW_PORT", "5433"), ("UNDERSTUDY_NEW_PRIMARY", MOVE.new),
            ("UNDERSTUDY_OLD_HOST", "10.0.0.1"), ("UNDERSTUDY_OLD_PORT", "5432"), ("UNDERSTUDY_OLD_PRIMARY", MOVE.old),
        ]
    )  # fmt: skip


async def test_a_command_that_fails_says_what_it_said_last() -> None:
    failing = target(verify=(sys.executable, "-c", "print('not there'); raise SystemExit(3)"))
    with pytest.raises(ActionFailed, match="ended with status 3: not there"):
        await failing.verify(MOVE, timeout=10)


async def test_without_an_undo_the_redirect_is_run_the_other_way_round(tmp_path: Path) -> None:
    file = tmp_path / "host"
    web = target(redirect=(sys.executable, "-c", SAVE, str(file)))
    await web.redirect(MOVE, timeout=10)
    assert file.read_text() == "10.0.0.2"
    await web.undo(MOVE, timeout=10)
    assert file.read_text() == "10.0.0.1"


async def test_where_it_leads_is_known_if_there_is_a_command_to_ask() -> None:
    assert (await target().look(timeout=10)).server is None
    asked = target(look=(sys.executable, "-c", "print('$(id)')"))
    assert (await asked.look(timeout=10)).server == "$(id)"


async def test_a_program_that_is_not_there_is_found_before_it_is_needed() -> None:
    with pytest.raises(ActionFailed, match="there is no program /nowhere/switch"):
        await target(redirect=("/nowhere/switch",)).look(timeout=10)


async def test_one_that_hangs_ends_with_the_time_out() -> None:
    with pytest.raises(ActionFailed, match=r"did not end within 0\.3 s"):
        await target(redirect=(sys.executable, "-c", "import time; time.sleep(60)")).redirect(MOVE, timeout=0.3)
