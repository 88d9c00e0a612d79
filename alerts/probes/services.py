"""Watched services: whether they are up, what each kind measures of them, and where names lead."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit, yes
from alerts.probes.traffic import LEADS_TO_PRIMARY, primary_of
from servers.watching.services.view import UP, ServiceView

SERVICE_UP = UP
SERVICE_CRITICAL = "service_critical"


def services(look: Look) -> tuple[Observation, ...]:
    """`service_up` of each service and, where its kind has such, of its parts, yes or no; unknown where it could not be
    asked. `service_critical`: people are called for it. Beside them whatever the kind measures, and for a name that
    should lead to the primary `leads_to_primary`.
    """
    return tuple(one for view in look.state.watched.services for one in _of_service(look, view))


def _of_service(look: Look, view: ServiceView) -> Iterator[Observation]:
    seen = view.seen
    lines = (view.answer.how,) if seen is None else seen.problems or ((seen.detail,) if seen.detail else ())
    yield Observation(SERVICE_UP, view.subject, yes(view.up), Unit.YES_OR_NO, lines, view.server)
    yield _critical(view, view.subject)
    for measure in seen.measures if seen is not None else ():
        subject = f"{view.subject} {measure.part}" if measure.part else view.subject
        yield Observation(measure.name, subject, measure.value, Unit(measure.unit), measure.evidence, view.server)
        if measure.name == SERVICE_UP and measure.part:
            yield _critical(view, subject)
    if seen is not None and seen.leads_to is not None:
        yield _leads(look, view, seen.leads_to, seen.detail)


def _critical(view: ServiceView, subject: str) -> Observation:
    return Observation(SERVICE_CRITICAL, subject, yes(view.critical), Unit.YES_OR_NO, (), view.server)


def _leads(look: Look, view: ServiceView, leads_to: str, detail: str) -> Observation:
    """A name that leads to no server, or to several, leads astray; while nobody knows the primary that is unknown."""
    primary = primary_of(look)
    value = None if primary is None else leads_to == primary
    where = detail if primary is None else f"{detail}; the primary is {primary}"
    return Observation(LEADS_TO_PRIMARY, view.subject, yes(value), Unit.YES_OR_NO, (where,), view.server)
