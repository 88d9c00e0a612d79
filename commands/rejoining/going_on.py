"""What speaks against going on with a rejoin after a restart of Understudy, as the world is then. Pure."""

from commands.command import Standing
from servers.state import Role
from servers.views import views_of


def upstream_is_primary(standing: Standing) -> str | None:
    """What was approved is to follow that server, on that timeline, while it is the only primary."""
    name = dict(standing.plan.facts)["follows"]
    upstream = standing.state.server(name)
    if upstream.sql is None:
        return f"{name} does not answer by SQL ({upstream.sql_answer.how})."
    if upstream.role is not Role.PRIMARY:
        return f"{name} is no primary any more."
    if upstream.sql.system_identifier != standing.plan.system_identifier:
        return f"{name} has another system identifier than when this was approved."
    if upstream.sql.timeline != standing.plan.timeline:
        return f"{name} is on timeline {upstream.sql.timeline} now, not {standing.plan.timeline}."
    views = views_of(standing.cluster, standing.state)
    others = [view.name for view in views if view.runs_as_primary and view.name != name]
    if others and standing.step.action != "fence_rejoiner":
        return f"{others[0]} runs as a primary now."
    return None
