"""The plan of a dump, or of a volume's backup, and that of its verification. Pure."""

from dataclasses import dataclass
from datetime import datetime

from commands.backing_up.backup_plan import EXPIRY_TIMEOUT, JOB_TIMEOUT, LIST_TIMEOUT
from commands.backing_up.source import Source
from commands.plan import Check, Loss, Plan, Step
from commands.promotion.pair import failed, judged, passed, warned
from ledger.quantities import bytes_text, seconds_text
from servers.backups.partial.place import DumpPlace, Part, PartKind, VolumePlace
from servers.backups.partial.state import PartialBackup, PartSeen
from servers.backups.partial.volumes import VolumeFacts
from servers.inventory import Cluster
from servers.state import ClusterState

KIND, NAME, SOURCE, BACKUP = "kind", "name", "taken from", "verified backup"  # the plan's facts
_READ_ONLY = Loss(0, 0.0, "What is backed up is only read.")
_MARGIN = 1.2
_OLDER = {True: "older ones are never removed by Understudy", False: "older ones go once a new one is proven"}


@dataclass(frozen=True, slots=True)
class ToTake:
    """What was seen. `source` is a dump's; `facts` and `problem` (why there are none) are a volume's."""

    cluster: Cluster
    state: ClusterState
    part: Part
    seen: PartSeen
    now: datetime
    source: Source | None = None
    facts: VolumeFacts | None = None
    problem: str = ""

    @property
    def place(self) -> str:
        return self.part.place if isinstance(self.part, VolumePlace) else (self.source.server if self.source else "")


def plan_taking(to: ToTake) -> Plan:
    part, place = to.part, to.place
    what = f"{part.kind} {part.name}"
    return Plan(
        kind=str(part.kind) if part.kind is PartKind.DUMP else "volume backup",
        cluster=to.cluster.name,
        system_identifier=_system(to.state),
        timeline=0,
        source=None,
        target=part.name,
        steps=_steps(part, place),
        checks=_checks(to),
        outage_seconds=0.0,
        loss=_READ_ONLY,
        facts=((KIND, str(part.kind)), (NAME, part.name), (SOURCE, place), *contents_of(part), *_kept_fact(part)),
        consequence=f"{what} of {to.cluster.name} is taken from {place} and verified",
        dangerous=False,
    )


def plan_part_verification(
    cluster: Cluster, state: ClusterState, part: Part, backup: PartialBackup, wrong: str | None
) -> Plan:
    """`wrong`: why it cannot be decrypted there."""
    title = "It can be decrypted there"
    encrypted = "the beginning of a file was" if backup.encrypted else "it is not encrypted"
    return Plan(
        kind=f"{part.kind} verification",
        cluster=cluster.name,
        system_identifier=_system(state),
        timeline=0,
        source=None,
        target=part.name,
        steps=(_verify(part, backup.place),),
        checks=(
            passed("backup", "It is there", f"{backup.name}, {bytes_text(backup.size)} on {backup.place}"),
            failed("key", title, wrong) if wrong else passed("key", title, encrypted),
        ),
        outage_seconds=0.0,
        loss=_READ_ONLY,
        facts=((KIND, str(part.kind)), (NAME, part.name), (SOURCE, backup.place), (BACKUP, backup.name)),
        consequence=f"{part.kind} {backup.name} of {part.name} is read as a whole and tried",
        dangerous=False,
    )


def contents_of(part: Part) -> tuple[tuple[str, str], ...]:
    """What is in it, as what people approve has it."""
    if isinstance(part, DumpPlace):
        return (("databases", ", ".join(part.databases) or "every one"),)
    return (("files", ", ".join((*part.directories, *(f"volume {name}" for name in part.docker_volumes)))),)


def _steps(part: Part, place: str) -> tuple[Step, ...]:
    what = "pg_dump of each database" if part.kind is PartKind.DUMP else "tar of each directory"
    sealed = "encrypted as it is written" if part.encryption else "not encrypted: the settings name no recipients"
    take = Step(
        "take_part",
        place,
        f"Take the {part.kind}",
        f"{what}, {sealed}, kept in {part.directory}. It goes on if Understudy ends; /ha cancel stops it.",
        "it is complete, with its checksums",
        JOB_TIMEOUT,
    )
    listed = "Looks for it among all of them."
    see = Step("see_part", place, "See it among the backups", listed, "it is listed as complete", LIST_TIMEOUT)
    return take, _verify(part, place), see, *_expiry(part, place)


def _expiry(part: Part, place: str) -> tuple[Step, ...]:
    """Where the settings say what is kept: they are the order to remove the rest."""
    kept = _kept(part)
    if not kept:
        return ()
    does = f"Removes of the good ones that Understudy has made those that the settings do not keep, which is {kept}."
    title = "Let go of what is no longer kept"
    return (Step("expire_parts", place, title, does, "what went is named", EXPIRY_TIMEOUT),)


def _kept_fact(part: Part) -> tuple[tuple[str, str], ...]:
    kept = _kept(part)
    return (("kept", kept),) if kept else ()


def _kept(part: Part) -> str:
    keep = part.keep
    if keep is None:
        return ""
    newest = f"the newest {keep.newest}" if keep.newest > 1 else "the newest one"
    younger = "" if keep.age is None else f", all of the last {seconds_text(keep.age)}"
    return f"{newest}{younger} and the last one that was proven"


def _verify(part: Part, place: str) -> Step:
    if part.kind is PartKind.DUMP:
        does = "Reads all of it, and restores it into a temporary PostgreSQL that nobody else reaches."
        return Step("verify_part", place, "Prove it by a restore", does, "every table is restored", JOB_TIMEOUT)
    does = "Reads every file of it."
    return Step("verify_part", place, "Verify it", does, "no file is missing or differs", JOB_TIMEOUT)


def _checks(to: ToTake) -> tuple[Check, ...]:
    source = (to.source.check,) if to.source else ()
    return (*source, *_files(to), _listed(to), _room(to))


def _files(to: ToTake) -> tuple[Check, ...]:
    if not isinstance(to.part, VolumePlace):
        return ()
    title = "What is to be backed up is there"
    if to.facts is None:
        return (failed("files", title, to.problem),)
    size = f", {bytes_text(to.facts.size)}" if to.facts.size is not None else ""
    missing = (*to.facts.missing, *(f"there is no {path}" for path in to.facts.absent))
    evidence = "; ".join(missing) or f"{', '.join(to.facts.places)}{size}"
    mend = "Correct the settings, or let whoever the backups belong to read it"
    return (judged("files", title, not missing, evidence, mend),)


def _listed(to: ToTake) -> Check:
    title = "The earlier ones"
    newest = to.seen.newest
    if not to.seen.answer.ok:
        return failed("listed", title, f"cannot be listed: {to.seen.answer.how}")
    if newest is None or newest.finished_at is None:
        return passed("listed", title, "there is none yet")
    age = seconds_text(max((to.now - newest.finished_at).total_seconds(), 0.0))
    return passed("listed", title, f"{newest.name}, {age} old, {bytes_text(newest.size)}")


def _room(to: ToTake) -> Check:
    """By the last one; a first one of a volume takes what its files take at most."""
    title, newest, free = "Disk space where they lie", to.seen.newest, to.seen.available
    if free is None:
        return warned("room", title, "not known")
    needed = newest.size if newest is not None else to.facts.size if to.facts is not None else None
    if needed is None:
        return warned("room", title, f"{bytes_text(free)} free; how much it will take is not known")
    evidence = f"{bytes_text(free)} free, about {bytes_text(needed)} to be written"
    if free < needed:
        return failed("room", title, f"{evidence}. Make room first: {_OLDER[to.part.keep is None]}")
    return warned("room", title, evidence) if free < needed * _MARGIN else passed("room", title, evidence)


def _system(state: ClusterState) -> str:
    return next((one.sql.system_identifier for one in state.servers if one.sql), "")
