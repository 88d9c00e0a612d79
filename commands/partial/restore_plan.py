"""The plan of restoring a volume: laid out beside, the service stopped, what is there moved aside. Pure."""

from dataclasses import dataclass
from datetime import datetime

from commands.backing_up.backup_plan import JOB_TIMEOUT
from commands.partial.plans import NAME, contents_of
from commands.plan import Check, Loss, Plan, Step
from commands.promotion.pair import failed, judged, passed, warned
from ledger.quantities import bytes_text, seconds_text
from servers.backups.partial.place import VolumePlace
from servers.backups.partial.state import PartialBackup
from servers.backups.partial.volumes import VolumeFacts
from servers.inventory import Cluster
from servers.managed_service import ManagedService, ServiceSeen
from servers.state import ClusterState

BACKUP = "backup"  # the plan's fact
RESTORED_VOLUME = "volume restore"  # its kind
STOP_TIMEOUT, SWAP_TIMEOUT = 120.0, 60.0
OUTAGE = 15.0  # seconds to expect for stop, renames and start


@dataclass(frozen=True, slots=True)
class VolumeToRestore:
    """What was seen. `facts` None: `problem` says why. `service` None: the settings name none; `service_seen` None: its
    manager did not say how it is (`service_problem`). `key`: why the backup cannot be decrypted, None where it can."""

    cluster: Cluster
    state: ClusterState
    volume: VolumePlace
    backup: PartialBackup
    now: datetime
    facts: VolumeFacts | None
    problem: str
    key: str | None
    service: ManagedService | None
    service_seen: ServiceSeen | None
    service_problem: str

    @property
    def age(self) -> float:
        ended = self.backup.finished_at
        return max((self.now - ended).total_seconds(), 0.0) if ended else 0.0


def plan_volume_restore(to: VolumeToRestore) -> Plan:
    volume, age = to.volume, seconds_text(to.age)
    return Plan(
        kind=RESTORED_VOLUME,
        cluster=to.cluster.name,
        system_identifier=next((one.sql.system_identifier for one in to.state.servers if one.sql), ""),
        timeline=0,
        source=None,
        target=volume.name,
        steps=_steps(volume, to.backup, to.service),
        checks=(_is_there(to), _decrypts(to), *_places(to), _service(to)),
        outage_seconds=OUTAGE if to.service else 0.0,
        loss=Loss(None, to.age, f"What was written to these files in the last {age}. It is kept, moved aside."),
        risks=(
            f"The files of {volume.name} become those of {to.backup.name}. What was written since then is taken away "
            "from whoever uses them, and kept beside.",
        ),
        facts=((NAME, volume.name), (BACKUP, to.backup.name), ("on", volume.place), *contents_of(volume)),
        consequence=f"the files of {volume.name} on {volume.place} will be those of {to.backup.name}",
    )


def _steps(volume: VolumePlace, backup: PartialBackup, service: ManagedService | None) -> tuple[Step, ...]:
    place = volume.place
    lay_out = Step(
        "lay_out_volume",
        place,
        f"Lay out {backup.name}",
        "Beside what is there, which is not touched.",
        "every file is written, and what was read agrees with its checksums",
        JOB_TIMEOUT,
    )
    swap = Step(
        "swap_volume",
        place,
        "Put it in its place",
        "What is there is moved aside and kept.",
        "the restored files are found in their place, the old ones under their new name",
        SWAP_TIMEOUT,
        "put the old files back",
    )
    keep = Step(
        "keep_volume",
        place,
        "Let it stay",
        "A last look. From here on nothing is put back.",
        "the restored files are found in their place",
        SWAP_TIMEOUT,
    )
    if service is None:
        return lay_out, swap, keep
    return lay_out, _stop(service), swap, _start(service), keep


def _stop(service: ManagedService) -> Step:
    name, timeout = service.name, STOP_TIMEOUT + service.ready_within
    proof, undo = "it runs no more", f"start {name} again"
    return Step("stop_service", name, f"Stop {name}", f"{service.known_as}.", proof, timeout, undo)


def _start(service: ManagedService) -> Step:
    name, timeout = service.name, STOP_TIMEOUT + service.ready_within
    does = "With the restored files. Where it is not healthy, the old ones are put back."
    proof, undo = "it runs, and its health checks pass", f"stop {name} again"
    return Step("start_service", name, f"Start {name}", does, proof, timeout, undo)


def _is_there(to: VolumeToRestore) -> Check:
    title, backup = "The backup can be relied on", to.backup
    evidence = f"{backup.name}, {seconds_text(to.age)} old, {bytes_text(backup.size)}"
    if backup.finished_at is None:
        return failed("backup", title, f"{backup.name} is not complete. Choose another one")
    if backup.doubtful:
        return failed("backup", title, f"{evidence}: its verification failed. Choose another one")
    if backup.verified_at is None:
        return warned("backup", title, f"{evidence}, not verified: it is compared with its checksums first")
    return passed("backup", title, f"{evidence}, verified")


def _decrypts(to: VolumeToRestore) -> Check:
    title = "It can be decrypted there"
    if to.key is not None:
        return failed("key", title, to.key)
    return passed("key", title, "a file was, for real" if to.backup.encrypted else "it is not encrypted")


def _places(to: VolumeToRestore) -> tuple[Check, ...]:
    title = "What is there can be moved aside"
    if to.facts is None:
        return (failed("aside", title, to.problem),)
    wrong = (*to.facts.missing, *to.facts.obstacles)
    mend = "Mend this first, or restore by hand"
    check = judged("aside", title, not wrong, "; ".join(wrong) or ", ".join(to.facts.places), mend)
    if not wrong and to.facts.absent:
        check = warned("aside", title, f"{', '.join(to.facts.absent)} is not there: nothing of it is moved aside")
    return check, _room(to.facts)


def _room(facts: VolumeFacts) -> Check:
    """What is there stays: the restored files need as much again, if they are alike."""
    title, free = "Disk space beside them", facts.available
    if free is None or facts.size is None:
        return warned("room", title, f"{bytes_text(free)} free" if free is not None else "not known")
    evidence = f"{bytes_text(free)} free; what is there has {bytes_text(facts.size)}"
    return failed("room", title, evidence) if free < facts.size else passed("room", title, evidence)


def _service(to: VolumeToRestore) -> Check:
    title = "Its service is stopped meanwhile"
    if to.service is None:
        return warned("service", title, "the settings name none: whoever has the files open goes on with the old ones")
    if to.service_seen is None:
        return failed("service", title, to.service_problem)
    evidence = f"{to.service.known_as}: {to.service_seen.state}"
    if not to.service_seen.running:
        return warned("service", title, f"{evidence}. It is started afterwards")
    return passed("service", title, evidence)
