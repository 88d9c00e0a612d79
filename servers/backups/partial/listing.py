"""Finding partial backups: the constant script that lists a directory of them, and what it prints as values."""

from datetime import UTC, datetime

from servers.backups.partial.place import Part
from servers.backups.partial.state import PartialBackup
from servers.engines.job_scripts import LOOK_AT_JOB, PRELUDE
from servers.sections import Sections

MOST = 32  # the newest that are looked into
_KIBIBYTE = 1024
_NOTHING = "-"

# Data is the directory of one part's backups. Arguments: how many to look into at most, the part's mark. A backup that
# is complete has SHA256SUMS, which is written last; one that is not is `<name>.part`. Names of ours alone: moments in
# UTC. A line each: name, state of the job that makes it, its begin, state of its verification, the time of that, the
# time at which it was complete, kibibytes, whether it is encrypted, whether a job of ours has made it of this part; "-"
# for what is not there.
LIST = (
    PRELUDE
    + LOOK_AT_JOB
    + r"""
[ -d "$data" ] || refuse "no such directory: $data"
as_owner test -r "$data" || refuse "$owner may not read $data"
echo "@available $(df -P -k -- "$data" 2>/dev/null | sed -n '2s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p')"
time_of() { stat -c %Y -- "$1" 2>/dev/null || echo -; }
ls -1r -- "$data" | sed -n 's/^\([0-9]\{8\}T[0-9]\{6\}Z\)\(\.part\|\.understudy\)\{0,1\}$/\1/p' | uniq |
  head -n "$1" | while IFS= read -r name; do
  work=$data/$name.understudy encrypted=no ours=no size=-
  read_state verify
  verified=$state
  read_state backup
  if [ "$state" = running ] && ! job_runs; then read_state backup; [ "$state" != running ] || state=gone; fi
  [ "$state" != done ] || ! grep -q -s -x -F -e "@part $2" -- "$data/$name/contents" || ours=yes
  for each in "$data/$name"/*.gpg; do [ ! -f "$each" ] || encrypted=yes; done
  for each in "$data/$name" "$data/$name.part"; do
    [ ! -d "$each" ] || size=$(timeout 2 du -s -k -- "$each" | cut -f 1)
  done
  echo "@backup $name $state ${begun:--} $verified $(time_of "$work/verify.state")" \
    "$(time_of "$data/$name/SHA256SUMS") ${size:--} $encrypted $ours"
done
echo "@done"
"""
)


def backups_in(part: Part, place: str, found: Sections) -> tuple[PartialBackup, ...]:
    """Newest first. ValueError when the output makes no sense."""
    backups = (_backup(part, place, line.split(" ")) for line in found.values.get("backup", ()))
    return tuple(sorted(backups, key=lambda one: one.name, reverse=True))


def available_in(found: Sections) -> int | None:
    """Bytes that are free where they lie; None: not known."""
    text = found.one("available") or ""
    return int(text) * _KIBIBYTE if text.isdigit() else None


def _backup(part: Part, place: str, words: list[str]) -> PartialBackup:
    name, state, begun, verified, verified_at, complete_at, size, encrypted, ours = words
    finished_at = _time(complete_at)
    return PartialBackup(
        kind=part.kind,
        of=part.name,
        name=name,
        place=place,
        path=f"{part.directory.rstrip('/')}/{name}",
        started_at=_time(begun),
        finished_at=finished_at,
        size=0 if size == _NOTHING else int(size) * _KIBIBYTE,
        encrypted=encrypted == "yes",
        verified_at=_time(verified_at) if verified == "done" else None,
        failed=finished_at is None and state != "running",
        doubtful=verified == "failed",
        ours=ours == "yes",
    )


def _time(seconds: str) -> datetime | None:
    return None if seconds in (_NOTHING, "0") else datetime.fromtimestamp(float(seconds), UTC)
