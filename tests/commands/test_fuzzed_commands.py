"""Ten thousand commands that nobody would type, from people with rights and without: each is answered, none breaks
anything, and nothing runs that was not allowed."""

from collections.abc import Callable
from random import Random

import pytest

from commands.asked import Answer, Decision, FieldErrors, Form
from commands.command import Order
from commands.registry import COMMANDS
from ledger.operations import list_operations
from tests.commands.conftest import Scene

SEED = 20260131
COMMANDS_FUZZED, FORMS_FUZZED, CLICKS_FUZZED = 8_000, 1_000, 1_000
BATCH = 500
PEOPLE = ("alice", "bob", "guest", "nobody")

_WORDS = (
    *(command.name for command in COMMANDS),
    "shop", "db1", "db2", "db3", "on", "off", "for", "2h", "add", "rebuild", "remove", "setup", "since", "person",
    "cluster", "command", "from", "to", "at", "03:00", "2026-01-31", "0", "-1", "10", "99999999999999999999", "1e9",
    "--dry-run", "--break-glass", "\N{EM DASH}dry-run", "--", "-", "; rm -rf /", "&& id", "| sh", "$(id)", "`id`",
    "'", '"', "\\", "%s", "{}", "\x00", "\x1b[2J", "\u202e", "\u200b", "\ufeff", "<!channel>", "<!here|here>",
    "<@U0ALICE>", "<#C0OPS>", "<https://example.invalid|x>", "*bold*", "_it_", "~s~", "&lt;", "DROP TABLE audit;",
    "../../etc/passwd", "漢字", "İ", "ß", "ﬁ", "😀", "e\u0301" * 20, "\ud800", "\n", "\r\n", "\t",
)  # fmt: skip


def fuzzed(random: Random) -> str:
    """A command, more or less."""
    kind = random.random()
    if kind < 0.1:
        return "".join(chr(random.randrange(0x20, 0x2FF)) for _ in range(random.randrange(60)))
    if kind < 0.12:
        return random.choice(_WORDS) * random.randrange(1, 3000)
    words = [random.choice(_WORDS) for _ in range(random.randrange(8))]
    if kind < 0.8:
        words.insert(0, random.choice(COMMANDS).name)
    text = random.choice((" ", " ", "  ", "\t", "\u00a0")).join(words)
    return _mutated(random, text) if kind < 0.5 else text


def _mutated(random: Random, text: str) -> str:
    """One typing mistake."""
    if not text:
        return text
    at = random.randrange(len(text))
    change: Callable[[], str] = random.choice(
        (
            lambda: text[:at] + text[at + 1 :],
            lambda: text[:at] + text[at] + text[at:],
            lambda: text[:at] + text[at].swapcase() + text[at + 1 :],
            lambda: text[:at] + chr(random.randrange(0x21, 0x3000)) + text[at + 1 :],
        )
    )
    return change()


@pytest.mark.timeout(300)
async def test_ten_thousand_commands_break_nothing_and_run_nothing(scene: Scene) -> None:
    random = Random(SEED)  # noqa: S311 - the same commands each time
    asked = 0
    for batch in range(COMMANDS_FUZZED // BATCH):
        before = await _records(scene)
        for _ in range(BATCH):
            who, text = random.choice(PEOPLE), fuzzed(random)
            answer = await scene.dispatcher.prepare(scene.asks(who, text))
            _is_an_answer(answer, text)
            if isinstance(answer, Form) and answer.submit_label is not None:
                assert who in ("alice", "bob"), f"{who} was offered {text!r}"
            asked += 1
        assert await _records(scene) == before + BATCH, f"batch {batch}: each command leaves one record"
    assert asked == COMMANDS_FUZZED
    await _nothing_ran(scene)


@pytest.mark.timeout(120)
async def test_forms_that_nobody_was_shown_ask_for_nothing(scene: Scene) -> None:
    random = Random(SEED)  # noqa: S311
    orders = [command.name for command in COMMANDS if isinstance(command, Order)]
    form = await scene.dispatcher.prepare(scene.asks("alice", "promote shop"))
    assert isinstance(form, Form)
    for _ in range(FORMS_FUZZED):
        draft = random.choice(
            (fuzzed(random), form.draft.replace("promote", random.choice(orders), 1), _mutated(random, form.draft))
        )
        values = {"reason": fuzzed(random), "cluster": random.choice(("shop", "Shop", "", fuzzed(random)))}
        who = random.choice(("guest", "nobody")) if draft == form.draft else random.choice(PEOPLE)
        if draft == form.draft or values["cluster"] == "shop":
            values["cluster"] = "not shop"
        answer = await scene.dispatcher.submit(scene.asks(who), draft, values)
        assert isinstance(answer, FieldErrors) or _is_an_answer(answer, draft)
    assert await scene.ledger.read(list_operations) == []
    await _nothing_ran(scene)


@pytest.mark.timeout(120)
async def test_clicks_on_anything_decide_nothing(scene: Scene) -> None:
    random = Random(SEED)  # noqa: S311
    operation = await scene.request("alice")
    for _ in range(CLICKS_FUZZED):
        id_ = random.choice((fuzzed(random), _mutated(random, operation), operation))
        who = random.choice(("guest", "nobody")) if id_.upper() == operation else random.choice(PEOPLE)
        answer = await scene.dispatcher.decide(scene.asks(who), id_, random.choice(tuple(Decision)))
        _is_an_answer(answer, id_)
    assert (await scene.operation(operation)).state == "awaiting approval"
    await _nothing_ran(scene)


def _is_an_answer(answer: Answer | Form | FieldErrors, text: str) -> bool:
    assert isinstance(answer, Answer | Form), text
    page = answer.page
    assert page.title, text
    assert page.summary, text
    assert "error of Understudy" not in page.summary, f"{text!r} broke it: {page.summary}"
    assert "very-secret-word" not in repr(page), text
    return True


async def _records(scene: Scene) -> int:
    return await scene.ledger.read(lambda db: int(next(db.query("SELECT count FROM audit_head"))["count"]))


async def _nothing_ran(scene: Scene) -> None:
    assert scene.pair.did == []
