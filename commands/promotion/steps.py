"""The steps of a promotion as people read them; `commands.promotion.actions` has the code of the same names."""

from commands.plan import Step
from servers.traffic.target import TrafficTarget

# Seconds. A checkpoint may have gigabytes to write out; it is not part of the outage.
LONG, NORMAL, SHORT, INSTANT = 300.0, 60.0, 30.0, 10.0
FOLLOW = 30.0  # a receiver that waits to try again does so for wal_retrieve_retry_interval, 5 s by default

_MARGIN = 5.0  # for a traffic target's own last words


def checkpoint(old: str, new: str) -> Step:
    does = f"Writes out what is dirty, so that the stop is short; then {new} must be level. Clients notice nothing."
    proof = f"CHECKPOINT returns; replay LSN of {new} against the LSN of {old}"
    return Step("checkpoint", old, f"Checkpoint on {old}", does, proof, LONG)


def hold(target: TrafficTarget, old: str) -> Step:
    title, proof = f"Hold clients at {target.name}", "the target says so"
    undo = f"let clients go on to {old}"
    return Step("hold", target.name, title, target.holding or "", proof, target.hold_seconds + _MARGIN, undo=undo)


def turn_away(target: TrafficTarget, old: str, new: str) -> Step:
    does = f"{target.kind} leads clients to {target.leads_to(new)}, for {old} may still take writes."
    title = f"Lead clients of {target.name} away from {old}"
    return Step("turn_away", target.name, title, does, "what it says afterwards", target.redirect_seconds + _MARGIN)


def redirect(target: TrafficTarget, new: str) -> Step:
    held = "who was held goes on" if target.holding else "it holds nobody: until then clients get errors"
    does = f"{target.kind} leads clients to {target.leads_to(new)}; {held}."
    title, proof = f"Lead clients of {target.name} to {new}", "what it says afterwards"
    return Step("redirect", target.name, title, does, proof, target.redirect_seconds + _MARGIN)


def stop(old: str) -> Step:
    does = "A fast stop ends the sessions and sends everything to the standby. An accidental start takes no writes."
    proof = "no postmaster is left and pg_controldata says “shut down”"
    return Step("stop", old, f"Stop {old}", does, proof, NORMAL, undo=f"start {old} again as the primary")


def prove(old: str, new: str) -> Step:
    does = f"Waits until {new} has replayed the shutdown checkpoint."
    proof = f"replay LSN of {new} against pg_controldata of {old}"
    return Step("prove", new, f"Prove that {new} has everything", does, proof, SHORT)


def promote(new: str) -> Step:
    does = f"{new} becomes the primary on a new timeline. This cannot be taken back."
    return Step("promote", new, f"Promote {new}", does, "pg_is_in_recovery() is false", NORMAL)


def verify(new: str) -> Step:
    does = "One real write, committed to disk. The outage ends."
    return Step("verify", new, f"Write to {new}", does, "the commit returns", INSTANT)


def slot(old: str, new: str, name: str) -> Step:
    does = f"A physical slot “{name}” keeps the WAL that {old} needs."
    return Step("slot", new, f"Make the slot for {old} on {new}", does, "pg_replication_slots", INSTANT)


def rejoin(old: str, new: str) -> Step:
    does = f"{old} follows {new} on the new timeline."
    return Step("rejoin", old, f"Start {old} as the standby", does, f"{old} streams from {new}", NORMAL)


def follow(standby: str, new: str) -> Step:
    does = f"{standby} is pointed at {new} by its settings and a reload, without a restart; its slot is made there."
    return Step("follow", standby, f"Have {standby} follow {new}", does, f"{standby} streams from {new}", FOLLOW)


def keep_up(standby: str, upstream: str) -> Step:
    does = f"Nothing is changed: {standby} stays behind {upstream}, and reaches the new timeline through it."
    proof = f"{standby} streams on the new timeline"
    return Step("keep_up", standby, f"See {standby} follow {upstream}", does, proof, FOLLOW)
