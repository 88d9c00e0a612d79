"""What automatic failover says in the channel: the announcement with its buttons, and why it holds back."""

from collections.abc import Sequence

from commands.automatic.decision import VIEWPOINT, Obstacle
from commands.plan import Plan
from commands.plan_page import checks, costs, steps
from ledger.outages import Outage, OutageState
from ledger.page import Button, Item, Items, Mention, Moment, Page, Part, Tone, note, text
from ledger.quantities import bytes_text, seconds_text

NOW, STOP = "automatic.now", "automatic.stop"

_HASTENED = " said: do it now, at "


def announcement_key(outage: Outage) -> str:
    """A new announcement is a new message: an update of an old one would wake nobody."""
    return f"automatic/{outage.id}/{outage.round}"


def held_key(outage: Outage) -> str:
    return f"automatic/{outage.id}/held"


def button_value(outage: Outage) -> str:
    """Which announcement of which outage; read back by `read_button_value`."""
    return f"{outage.id}.{outage.round}"


def read_button_value(value: str) -> tuple[str, int]:
    """The outage's id and the round. ValueError for what `button_value` did not write."""
    outage_id, _, round_ = value.partition(".")
    return outage_id, int(round_)


def policy_name(cluster: str) -> str:
    return f"the policy of {cluster}"


def announcement(outage: Outage, plan: Plan, seconds: float, loss: int | None) -> Page:
    """Who presses nothing lets it happen. `loss` is what the policy has weighed, in bytes."""
    title = f"Failing over {plan.cluster} in {seconds_text(seconds)}: {plan.source} → {plan.target}"
    assert outage.acts_at is not None  # noqa: S101 - an announced outage has its time
    return Page(
        title=title,
        tone=Tone.CRITICAL,
        summary=f"{title}. Primary {plan.source} is down. It happens by itself; press Stop to prevent it.",
        parts=(
            text(f"Primary {plan.source} is down. {plan.target} becomes the primary at ", Moment(outage.acts_at), "."),
            *_body(plan),
            note(f"{_weighed(loss)} Approved by {policy_name(plan.cluster)}. Everything is looked at once more first."),
        ),
        buttons=(
            Button(STOP, "Stop", button_value(outage), "primary"),
            Button(NOW, "Do it now", button_value(outage), "danger"),
        ),
    )


def hastened(outage: Outage) -> Page:
    """Somebody does not want to wait; it can still be stopped until it starts."""
    title = f"Failing over {outage.cluster} now"
    line = f"Primary {outage.server} is down. It starts as soon as one more look has confirmed that."
    return Page(
        title=title,
        tone=Tone.CRITICAL,
        summary=f"{title}. {line}",
        parts=(text(line), *_decided(outage, _HASTENED)),
        buttons=(Button(STOP, "Stop", button_value(outage), "primary"),),
    )


def started(outage: Outage, plan: Plan) -> Page:
    title = f"Automatic failover of {plan.cluster} has started: {plan.source} → {plan.target}"
    line = f"Operation {outage.operation_id} carries it out; its own message follows it."
    return Page(
        title=title,
        tone=Tone.RUNNING,
        summary=f"{title}. {line}",
        parts=(text(line), *_decided(outage, _HASTENED)),
    )


def stopped(outage: Outage) -> Page:
    title = f"Automatic failover of {outage.cluster} was stopped"
    line = (
        f"Primary {outage.server} is still down. Nothing happens by itself until it has worked again: "
        f"fail over with /ha promote {outage.cluster}, or start {outage.server}."
    )
    return Page(
        title=title,
        tone=Tone.WARNING,
        summary=f"{title}. {line}",
        parts=(text(line), *_decided(outage, " stopped it at ")),
    )


def withdrawn(outage: Outage, obstacles: Sequence[Obstacle]) -> Page:
    title = f"The failover of {outage.cluster} was called off"
    return Page(
        title=title,
        tone=Tone.WARNING,
        summary=f"{title}: {_lines(obstacles)}. Nothing was touched.",
        parts=(_reasons(obstacles), note("Nothing was touched. It is announced anew if that changes.")),
    )


def ended(outage: Outage) -> Page:
    """A primary came back while the failover was announced."""
    title = f"{outage.cluster} has a primary again: nothing was failed over"
    return Page(title=title, tone=Tone.GOOD, summary=f"{title}.", parts=(note("Nothing was touched."),))


def held(outage: Outage, obstacles: Sequence[Obstacle]) -> Page:
    title = f"{outage.cluster} is not failed over automatically"
    next_step = f"A person may: /ha promote {outage.cluster}"
    return Page(
        title=title,
        tone=Tone.WARNING,
        summary=f"{title}: {_lines(obstacles)}. {next_step}",
        parts=(text(f"Primary {outage.server} is down."), _reasons(obstacles), note(next_step)),
    )


def _body(plan: Plan) -> tuple[Part, ...]:
    seen = checks(check for check in plan.checks if check.name.startswith(VIEWPOINT))
    return (costs(plan), seen, steps(plan))


def _weighed(loss: int | None) -> str:
    if loss is None:
        return "How much would be lost is not known; the settings accept that."
    return f"By its rate of writing, at most {bytes_text(loss)} would be lost, which is within the limit."


def _reasons(obstacles: Sequence[Obstacle]) -> Part:
    return Items("What speaks against it", tuple(Item(Tone.WARNING, one.line) for one in obstacles))


def _lines(obstacles: Sequence[Obstacle]) -> str:
    return "; ".join(one.line for one in obstacles)


def _decided(outage: Outage, did: str) -> tuple[Part, ...]:
    if outage.decided_by is None or outage.decided_at is None or outage.state is OutageState.WATCHED:
        return ()
    return (note(Mention(outage.decided_by.name, outage.decided_by.id), did, Moment(outage.decided_at)),)
