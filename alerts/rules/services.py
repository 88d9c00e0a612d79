"""Services beside PostgreSQL are there, in time, and with a certificate that lasts."""

from alerts.dependencies import Layer
from alerts.probes.services import SERVICE_CRITICAL, SERVICE_UP
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text
from servers.watching.services.view import CERTIFICATE, LATENCY, LATENCY_LIMIT


def _judge_up(reading: Reading) -> Result:
    up = reading.value(SERVICE_UP)
    if up is None:
        return Unknown()
    if up:
        return Ok("up")
    severity = Severity.WARNING if reading.value(SERVICE_CRITICAL) == 0 else Severity.CRITICAL
    evidence = reading.evidence(SERVICE_UP)
    return Bad(severity, evidence[0] if evidence else "down", "up", evidence)


SERVICE_DOWN = Rule(
    name="service_down",
    observes=(SERVICE_UP, SERVICE_CRITICAL),
    title="{cluster}: {subject} is down",
    resolved_title="{cluster}: {subject} is up again",
    judge=_judge_up,
    hold=lambda thresholds: thresholds.service_down_for,
    why="The settings name it as a service that others need. It was asked, and does not answer as it should.",
    mend="Look at it and at its log where it runs. One that /ha service knows can be restarted there: /ha service.",
    about=Layer.SERVICE,
    takes_down=(Layer.SERVICE,),
    caused_by_operations=True,
)


def _judge_latency(reading: Reading) -> Result:
    took = reading.value(LATENCY)
    if took is None:
        return Unknown()
    own = reading.value(LATENCY_LIMIT)
    limit = reading.thresholds.service_latency if own is None else own
    if took <= limit:
        return Ok(seconds_text(took))
    return Bad(Severity.WARNING, seconds_text(took), f"at most {seconds_text(limit)}", reading.evidence(LATENCY))


SERVICE_SLOW = Rule(
    name="service_slow",
    observes=(LATENCY, LATENCY_LIMIT),
    title="{cluster}: {subject} answers slowly",
    resolved_title="{cluster}: {subject} answers in time again",
    judge=_judge_latency,
    hold=lambda thresholds: thresholds.service_slow_for,
    why="Whoever uses it waits that long at least.",
    mend="Look at the load of its host, and whether what it needs is slow: /ha queries, /ha connections. One that is "
    "always so slow takes slow_after in its settings.",
    about=Layer.MEASURE,
    caused_by_operations=True,
)


def _judge_certificate(reading: Reading) -> Result:
    left = reading.value(CERTIFICATE)
    if left is None:
        return Unknown()
    limits = reading.thresholds
    value = f"ends in {seconds_text(left)}"
    if left > limits.service_certificate_warning:
        return Ok(value)
    severity = Severity.CRITICAL if left <= limits.service_certificate_critical else Severity.WARNING
    threshold = f"at least {seconds_text(limits.service_certificate_warning)}"
    return Bad(severity, value, threshold, reading.evidence(CERTIFICATE))


SERVICE_CERTIFICATE = Rule(
    name="service_certificate",
    observes=(CERTIFICATE,),
    title="{cluster}: the certificate of {subject} ends soon",
    resolved_title="{cluster}: the certificate of {subject} is valid for long",
    judge=_judge_certificate,
    hold=lambda thresholds: 0.0,
    why="Clients that verify it refuse to connect once it has ended.",
    mend="See why it was not renewed (the log of certbot, Traefik or whatever renews it), renew it, and reload the "
    "service.",
    about=Layer.MEASURE,
)
