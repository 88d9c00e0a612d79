"""The network between the servers: ports, round trip, loss."""

from alerts.dependencies import Layer
from alerts.probes.host_ports import PORT_OPEN
from alerts.probes.host_ways import PACKET_LOSS, ROUND_TRIP
from alerts.rules.amounts import only_warns, too_much
from alerts.rules.rule import Rule, no
from ledger.alerts import Severity
from ledger.quantities import seconds_text, share_text

PORT = Rule(
    name="port",
    observes=(PORT_OPEN,),
    title="{cluster}: {subject} is closed",
    resolved_title="{cluster}: {subject} is open again",
    judge=no(PORT_OPEN, Severity.WARNING, "no connection", "open", "open"),
    hold=lambda thresholds: thresholds.port_for,
    why="One server cannot reach what it needs on another. For PostgreSQL's port that means no standby, or none after "
    "the next change of roles.",
    mend="Refused: nobody listens there (listen_addresses, the service). No answer: a firewall, a security group or a "
    "route; nc -vz from that server shows it.",
    about=Layer.NETWORK,
    # What is broken by it already is told there, with this beneath it.
    hidden_by=("replication_broken",),
    caused_by_operations=True,
)

SLOW_WAY = Rule(
    name="round_trip",
    observes=(ROUND_TRIP,),
    title="{cluster}: the way from {subject} has become slow",
    resolved_title="{cluster}: the way from {subject} is fast again",
    judge=too_much(
        ROUND_TRIP,
        lambda limits: only_warns(limits.round_trip),
        lambda took: f"round trip {seconds_text(took)}",
        seconds_text,
    ),
    hold=lambda thresholds: thresholds.round_trip_for,
    why="Replication lags by that much at least, and with a synchronous standby every commit takes that much longer.",
    mend="Look at the load of the line and at its route (mtr). Raise round_trip for this cluster if it is that long.",
    about=Layer.NETWORK,
)

PACKET_LOSS_RULE = Rule(
    name="packet_loss",
    observes=(PACKET_LOSS,),
    title="{cluster}: packets are lost from {subject}",
    resolved_title="{cluster}: packets from {subject} arrive again",
    judge=too_much(
        PACKET_LOSS,
        lambda limits: only_warns(limits.packet_loss, 0.01),
        lambda lost: f"{share_text(lost)} lost",
        share_text,
    ),
    hold=lambda thresholds: thresholds.packet_loss_for,
    why="TCP sends them again, so replication stalls and catches up by turns; a failover that is decided by time-outs "
    "comes nearer.",
    mend="Look at the interfaces (ip -s link), at the load of the line and at its route (mtr).",
    about=Layer.NETWORK,
)
