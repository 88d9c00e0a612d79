"""What speaks against going on with a promotion after a restart, in a world that its own steps have changed. Pure."""

from commands.command import Standing
from servers.state import ClusterState, PeerReply, Role
from servers.views import views_of


def cannot_stop(standing: Standing) -> str | None:
    """A primary that still answers is stopped only if everything is as it was approved; one that is on its way down
    already is stopped for good, for what follows proves that the standby has everything."""
    if _speaks_as_primary(standing.state, standing.plan.source):
        return standing.not_as_approved
    return _target_is_no_candidate(standing)


def cannot_promote(standing: Standing) -> str | None:
    """After a failover's fence the plan made anew is the same; after a switchover's stop it cannot be."""
    if standing.plan.kind == "failover":
        return standing.not_as_approved
    return _target_is_no_candidate(standing) or _old_primary_is_back(standing)


def is_no_primary(standing: Standing) -> str | None:
    """What comes after the promotion is for the server that was promoted, and while it is the only primary."""
    target = standing.state.server(standing.plan.target)
    if target.sql is None:
        return f"{target.name} does not answer by SQL ({target.sql_answer.how})."
    if target.role is not Role.PRIMARY:
        return f"{target.name} is no primary any more."
    return _another_primary(standing)


def _target_is_no_candidate(standing: Standing) -> str | None:
    plan = standing.plan
    target = standing.state.server(plan.target)
    if target.sql is None:
        return f"{plan.target} does not answer by SQL ({target.sql_answer.how})."
    if target.role is not Role.STANDBY:
        return f"{plan.target} is a primary by now, and not by this order."
    if target.sql.system_identifier != plan.system_identifier:
        return f"{plan.target} has another system identifier than when this was approved."
    if target.sql.timeline != plan.timeline:
        return f"{plan.target} is on timeline {target.sql.timeline} now, not {plan.timeline}."
    return _another_primary(standing)


def _old_primary_is_back(standing: Standing) -> str | None:
    """As the standby sees it, whatever we see: it streams again, or takes connections from there."""
    target, source = standing.state.server(standing.plan.target), standing.plan.source
    receiver = target.sql.receiver if target.sql else None
    if receiver is not None and receiver.status == "streaming":
        return f"{target.name} streams again: {source} runs."
    if source and target.host is not None and target.host.peer(source) is PeerReply.ACCEPTING:
        return f"{source} takes connections from {target.name} again."
    return None


def _another_primary(standing: Standing) -> str | None:
    views = views_of(standing.cluster, standing.state)
    others = [view.name for view in views if view.runs_as_primary and view.name != standing.plan.target]
    return f"{others[0]} runs as a primary now." if others else None


def _speaks_as_primary(state: ClusterState, name: str | None) -> bool:
    return name is not None and state.server(name).role is Role.PRIMARY and state.server(name).sql is not None
