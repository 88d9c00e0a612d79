"""How the old primary of a failover is fenced: over SSH with proof, else by its hook, else not at all.

One step holds both lines of defence, so that a host which falls silent after the approval is still fenced by what was
approved, and by nothing else: which hook it is, and to what it acts, is material to the plan.
"""

from commands.acting import engine_says, outcome_of, server_of
from commands.command import StepContext, StepFailed, StepOutcome
from commands.plan import Check, Step
from commands.promotion.pair import Pair, passed, warned
from servers.engines.engine import ActionFailed, Done, FenceProof
from servers.fences.fence import Fence
from servers.fences.registry import fence_of
from servers.inventory import Server

# What the report needs to know: by what the old primary was fenced, where it was not over SSH.
FENCED_BY_HOOK = "fenced_by_hook"

BY_SSH, BY_SSH_OR_HOOK = "fence", "fence_or_hook"  # the names of the steps' actions

SSH_SECONDS = 12.0  # a fence that works takes one, and a host under load its time
BEFORE_HOOK_SECONDS = 4.0  # the same where a hook stands behind: clients wait on a host that is silent
HOOK_MARGIN = 2.0
_LOOK_SECONDS = 5.0


def can_fence(pair: Pair) -> bool:
    """Whether there is a way to keep the old primary from taking writes; `fence_risks` says where it proves nothing."""
    return _answers_by_ssh(pair) or pair.source.fence is not None


def fence_steps(pair: Pair) -> tuple[Step, ...]:
    """None where nothing can fence it."""
    if not can_fence(pair):
        return ()
    return (fence_step(pair.source),)


def fence_step(server: Server) -> Step:
    """The step for a server that is to be fenced; its hook stands behind SSH wherever it has one."""
    old, hook = server.name, fence_of(server)
    does = f"Ends whatever still runs there, and marks {old} so that an accidental start takes no writes."
    proof = "no postmaster, nobody listens, pg_controldata can be read"
    if hook is None:
        return Step(BY_SSH, old, f"Fence {old}", does, proof, SSH_SECONDS + HOOK_MARGIN)
    behind = f"the hook confirms that {old} is off" if hook.confirms else "the hook ends with success, unconfirmed"
    return Step(
        BY_SSH_OR_HOOK,
        old,
        f"Fence {old}: over SSH, else by its hook",
        f"{does} If SSH shows no proof: {hook.what}.",
        f"{proof}; or {behind}",
        BEFORE_HOOK_SECONDS + hook.timeout + HOOK_MARGIN,
    )


def fence_facts(server: Server) -> tuple[tuple[str, str], ...]:
    """What is material of the hook, by name."""
    hook = fence_of(server)
    if hook is None:
        return ()
    return (("fence hook", hook.what if hook.confirms else f"{hook.what}, unconfirmed"),)


def fence_risks(pair: Pair) -> tuple[str, ...]:
    """What people must approve in so many words where nothing can fence it, or where what may fence it proves nothing.

    A hook without a confirmation is a risk where SSH answers too: the step may come to need it.
    """
    old, hook = pair.source.name, fence_of(pair.source)
    if hook is not None and hook.confirms:
        return ()
    if hook is not None:
        return (
            f"Nothing confirms that the fence hook of {old} has cut it off: its settings have no confirm. If SSH shows "
            f"no proof and {old} still runs where clients reach it, two servers take writes.",
        )
    if can_fence(pair):
        return ()
    return (
        f"{old} cannot be fenced: its host does not answer by SSH. If PostgreSQL still runs there and clients "
        f"reach it, two servers take writes. Make sure by other means that {old} is off.",
    )


def fence_check(pair: Pair) -> Check:
    title = f"{pair.source.name} can be fenced"
    hook = fence_of(pair.source)
    if _answers_by_ssh(pair):
        behind = f"; behind it: {hook.what}" if hook else ""
        evidence = f"its host answers by SSH within {pair.old.ssh_answer.seconds * 1000:.0f} ms{behind}"
        return passed("fence", title, evidence)
    if hook is not None and not hook.confirms:
        return warned("fence", title, f"SSH {pair.old.ssh_answer.how}; nothing confirms its hook: {hook.what}")
    if hook is not None:
        return passed("fence", title, f"SSH {pair.old.ssh_answer.how}; its hook: {hook.what}")
    return warned("fence", title, f"SSH {pair.old.ssh_answer.how}, and the settings have no fence hook for it")


async def fence(context: StepContext) -> StepOutcome:
    """Over SSH alone."""
    return outcome_of(await _by_ssh(context, SSH_SECONDS))


async def fence_or_hook(context: StepContext) -> StepOutcome:
    """Over SSH; where that shows no proof, by the hook that was approved."""
    server, hook = server_of(context), _hook(context)
    try:
        return outcome_of(await _by_ssh(context, BEFORE_HOOK_SECONDS))
    except StepFailed as failed:
        by_ssh = str(failed)
    context.say(f"SSH shows no proof. Now: {hook.what}")
    try:
        done = await hook.fence(context.cluster.name, server, timeout=hook.timeout)
    except ActionFailed as failed:
        raise StepFailed(
            f"{failed}. Over SSH: {by_ssh}", exit_status=failed.exit_status, output=failed.output
        ) from None
    return StepOutcome(f"{done.detail}. Over SSH: {by_ssh}", done.exit_status, done.output, {FENCED_BY_HOOK: hook.what})


async def is_fenced(context: StepContext) -> bool:
    proof = await _engine_proof(context)
    if proof is None:
        raise StepFailed(f"{context.step.server}'s host does not answer: whether it is fenced cannot be told.")
    return proof


async def is_fenced_or_off(context: StepContext) -> bool | None:
    """By its own host, else by the hook's own look."""
    proof = await _engine_proof(context)
    if proof is not None:
        return proof
    return await _hook(context).is_off(context.cluster.name, server_of(context), timeout=_LOOK_SECONDS)


async def _engine_proof(context: StepContext) -> bool | None:
    """With the mark, without which a dead server's service manager could start it as the primary that it was."""
    try:
        proof = await context.world.engine.fence_proof(server_of(context))
    except ActionFailed:
        return None
    return proof.holds and proof.standby_signal and not _of_another_system(context, proof)


async def _by_ssh(context: StepContext, timeout: float) -> Done:
    known = context.plan.system_identifier
    return await engine_says(context.world.engine.fence(server_of(context), system=known, timeout=timeout))


def _of_another_system(context: StepContext, proof: FenceProof) -> bool:
    """A data directory of something else proves nothing, quiet as it may be."""
    known = context.plan.system_identifier
    return bool(known) and proof.control is not None and proof.control.system_identifier != known


def _hook(context: StepContext) -> Fence:
    hook = context.world.fences(server_of(context))
    if hook is None:
        raise StepFailed(f"The settings have no fence hook for {context.step.server} any more. Nothing was done.")
    return hook


def _answers_by_ssh(pair: Pair) -> bool:
    return pair.old.ssh_answer.ok and pair.old.host is not None
