"""The steps by which what was recovered beside takes the live one's place; `in_place_actions` has the code."""

from commands.plan import Step
from servers.traffic.target import TrafficTarget

# Seconds.
LONG, NORMAL, SHORT = 900.0, 120.0, 30.0
_MARGIN = 5.0
RELEASE = "release_clients"


def hold(target: TrafficTarget, server: str) -> Step:
    title, undo = f"Hold clients at {target.name}", f"let clients go on to {server}"
    does = target.holding or ""
    return Step("hold_clients", target.name, title, does, "the target says so", target.hold_seconds + _MARGIN, undo)


def stop_standby(server: str) -> Step:
    does = "A fast stop: it has what is being taken back, and follows again only as a new copy."
    title = f"Stop the standby {server}"
    return Step("stop_follower", server, title, does, "no postmaster is left", NORMAL, f"start {server} again")


def stop_live(server: str) -> Step:
    does = "A fast stop ends the sessions; what is left of its WAL is archived. An accidental start takes no writes."
    return Step("stop_live", server, f"Stop {server}", does, "no postmaster is left", NORMAL, f"start {server} again")


def swap(server: str) -> Step:
    does = (
        "The data directory is moved aside and kept, the restored one takes its place with the server's own settings."
    )
    proof = "the restored directory is found in its place, the old one under its new name"
    return Step("swap", server, "Put it in its place", does, proof, NORMAL, "put the old directory back")


def start_restored(server: str) -> Step:
    does = "It recovers to the same position as before, and waits there."
    proof = "it answers, at that position"
    return Step("start_restored", server, f"Start {server}", does, proof, LONG, f"stop {server} again")


def promote(server: str) -> Step:
    does = "It takes writes, on a new timeline. This cannot be taken back."
    return Step("open_restored", server, f"Open {server} for writes", does, "pg_is_in_recovery() is false", NORMAL)


def write(server: str) -> Step:
    does = "One real write, committed to disk. The outage ends."
    return Step("write_restored", server, f"Write to {server}", does, "the commit returns", SHORT)


def settle(server: str) -> Step:
    does = "Takes the recovery settings off again, so that no later start recovers to that moment."
    return Step("settle", server, "Put its settings back", does, "its own settings are in force", NORMAL)


def settle_left(server: str) -> Step:
    does = "Takes the recovery settings off that an earlier restore could not take off. Nothing else changes."
    return Step("settle_left", server, "Put its settings back", does, "its own settings are in force", NORMAL)


def release(target: TrafficTarget, server: str) -> Step:
    does = f"Whoever waits goes on to {server}."
    title = f"Let clients go on at {target.name}"
    return Step(RELEASE, target.name, title, does, "what it says afterwards", target.redirect_seconds + _MARGIN)


def rebuild_copy(server: str, primary: str, timeout: float) -> Step:
    does = f"A new copy of {primary} beside its old directory, which is kept."
    return Step("rebuild_copy", server, f"Copy {primary} to {server}", does, "pg_basebackup ends well", timeout)


def rebuild_place(server: str) -> Step:
    does = "Its old directory is moved aside and kept."
    return Step("rebuild_place", server, f"Put the copy in its place on {server}", does, "it is found there", NORMAL)


def rebuild_start(server: str, primary: str) -> Step:
    does = f"{server} follows {primary} on the new timeline."
    title = f"Start {server} as the standby"
    return Step("rebuild_start", server, title, does, f"it streams from {primary}", NORMAL)


def stop_for_restore(server: str) -> Step:
    does = "A fast stop ends the sessions there. The primary goes on."
    return Step("stop_for_restore", server, f"Stop {server}", does, "no postmaster is left", NORMAL, f"start {server}")


def swap_standby(server: str) -> Step:
    does = (
        "Its data directory is moved aside and kept, the restored one takes its place with the server's own settings."
    )
    proof = "the restored directory is found in its place, the old one under its new name"
    return Step("swap_standby", server, "Put it in its place", does, proof, NORMAL, "put the old directory back")


def stand(server: str) -> Step:
    does = "It recovers to the same position as before, and waits there: read-only, with nobody to follow."
    return Step("stand", server, f"Start {server}", does, "it answers, at that position", LONG, f"stop {server} again")


def see_standing(server: str) -> Step:
    does = "Looks once more. From here on it stays there until an order ends that."
    return Step("see_standing", server, f"See that {server} stands there", does, "it answers, read-only", SHORT)


def follow_restored(server: str, primary: str) -> Step:
    does = f"It gets the rest from the archive and from {primary}, which it then follows."
    title, undo = f"Start {server} as the standby", f"stop {server} again"
    return Step("follow_restored", server, title, does, f"it streams from {primary}", LONG, undo)


def settle_standby(server: str) -> Step:
    does = "Takes the recovery settings off again. It goes on to follow."
    return Step("settle_standby", server, "Put its settings back", does, "its own settings are in force", NORMAL)


def put_back(server: str) -> Step:
    does = "What was restored is moved out and kept; the old data directory takes its place again."
    proof = "the old directory is found in its place"
    return Step(
        "put_back", server, "Put the old directory back", does, proof, NORMAL, "put the restored one there again"
    )


def start_old(server: str) -> Step:
    does = "It goes on as the standby that it was."
    return Step("start_old", server, f"Start {server}", does, "it answers", NORMAL)
