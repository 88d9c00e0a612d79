"""A server's certificate does not expire unnoticed."""

from alerts.dependencies import Layer
from alerts.probes.certificates import CERTIFICATE_LEFT
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _judge(reading: Reading) -> Result:
    left = reading.value(CERTIFICATE_LEFT)
    if left is None:
        return Unknown()
    limits = reading.thresholds
    if left == float("inf"):
        return Ok("no TLS")
    value = f"expires in {seconds_text(left)}" if left > 0 else f"expired {seconds_text(-left)} ago"
    if left > limits.server_certificate_warning:
        return Ok(value)
    severity = Severity.CRITICAL if left <= limits.server_certificate_critical else Severity.WARNING
    threshold = f"at least {seconds_text(limits.server_certificate_warning)}"
    return Bad(severity, value, threshold, reading.evidence(CERTIFICATE_LEFT))


SERVER_CERTIFICATE = Rule(
    name="server_certificate",
    observes=(CERTIFICATE_LEFT,),
    title="{cluster}: the certificate of {subject} expires",
    resolved_title="{cluster}: {subject} has a certificate that is valid for long",
    judge=_judge,
    hold=lambda thresholds: 0.0,
    why="Clients and standbys that verify it (sslmode=verify-full) connect no more once it has expired.",
    mend="Put the new certificate into ssl_cert_file with its key into ssl_key_file, and reload (/ha reload).",
    about=Layer.INSIDE,
)
