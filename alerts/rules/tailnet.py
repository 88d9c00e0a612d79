"""Tailscale between the servers: it runs, its key lasts, the others are there, and nothing goes a roundabout way."""

from alerts.dependencies import Layer
from alerts.probes.tailnet import TAILNET_DIRECT, TAILNET_KEY_LEFT, TAILNET_ONLINE, TAILNET_RUNS
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown, no
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _key(reading: Reading) -> Result:
    left, limits = reading.value(TAILNET_KEY_LEFT), reading.thresholds
    if left is None:
        return Unknown()
    if left > limits.tailnet_key_warning:
        return Ok("its key lasts")
    severity = Severity.CRITICAL if left <= limits.tailnet_key_critical else Severity.WARNING
    value = f"expires in {seconds_text(left)}" if left else "expired"
    return Bad(severity, value, f"more than {seconds_text(limits.tailnet_key_warning)}")


TAILNET_DOWN = Rule(
    name="tailnet",
    observes=(TAILNET_RUNS,),
    title="{cluster}: Tailscale does not run on {subject}",
    resolved_title="{cluster}: Tailscale runs on {subject} again",
    judge=no(TAILNET_RUNS, Severity.WARNING, "not running", "running", "running"),
    hold=lambda thresholds: thresholds.tailnet_for,
    why="The servers reach each other through it: replication ends when what is open breaks off.",
    mend="tailscale status there says why; NeedsLogin: its key has expired (tailscale up).",
    about=Layer.NETWORK,
)

TAILNET_KEY = Rule(
    name="tailnet_key",
    observes=(TAILNET_KEY_LEFT,),
    title="{cluster}: the Tailscale key of {subject} is about to expire",
    resolved_title="{cluster}: the Tailscale key of {subject} lasts",
    judge=_key,
    hold=lambda _: 0.0,
    why="When it expires the host leaves the network, and replication with it.",
    mend="tailscale up --force-reauth there, beside a second way in; or disable key expiry for servers in Tailscale's "
    "console.",
    about=Layer.NETWORK,
)

TAILNET_PEER = Rule(
    name="tailnet_peer",
    observes=(TAILNET_ONLINE,),
    title="{cluster}: the way from {subject} is offline in Tailscale",
    resolved_title="{cluster}: the way from {subject} is online again",
    judge=no(TAILNET_ONLINE, Severity.WARNING, "offline", "online", "online"),
    hold=lambda thresholds: thresholds.tailnet_for,
    why="Tailscale does not see the other server, so nothing new connects to it.",
    mend="Look at tailscaled on the other server (systemctl status tailscaled) and at its own alerts.",
    about=Layer.NETWORK,
    # The other end is down or logged out: its own alert says so.
    hidden_by=("host_down", "tailnet"),
)

TAILNET_RELAYED = Rule(
    name="tailnet_relayed",
    observes=(TAILNET_DIRECT,),
    title="{cluster}: Tailscale relays what goes from {subject}",
    resolved_title="{cluster}: Tailscale has a direct way from {subject} again",
    judge=no(TAILNET_DIRECT, Severity.WARNING, "relayed", "a direct way", "direct"),
    hold=lambda thresholds: thresholds.tailnet_relayed_for,
    why="A relay is far away, narrow and shared: replication lags behind it under load.",
    mend="tailscale ping and tailscale netcheck there say why: most often UDP port 41641 is blocked.",
    about=Layer.NETWORK,
    hidden_by_same=("tailnet_peer",),
)
