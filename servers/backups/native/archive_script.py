"""The constant script that lists a WAL archive as runs of segments, and the answer as a value.

The names are read without a look at each file; only the ends of runs are looked at, for their times. So the answer is
small for an archive of any size.
"""

from datetime import UTC, datetime

from servers.backups.archive import DEFAULT_SEGMENT_SIZE, ArchiveState, Segments, parse_segment_name
from servers.backups.native.packing import UNPACK
from servers.errors import ServerUnreachable
from servers.sections import Sections, parse_sections
from servers.state import Answer, Outcome
from servers.timelines import Stretch, read_history

MOST_RUNS = 500  # the newest; an archive with more gaps than that is a ruin, and said to be one

# Arguments: the archive, GnuPG's home and passphrase file ('' each), the most runs that are told.
# The size of a segment: of a plain one, its own; of a packed one, as its first page says (XLogLongPageHeaderData in
# src/include/access/xlog_internal.h: xlp_seg_size is 32 bytes in).
SCRIPT = (
    UNPACK
    + r"""
export LC_ALL=C
archive=$1 gpg_home=$2 passphrase_file=$3 most=$4 failures=/dev/null
cd "$archive" 2>/dev/null && [ -r . ] || { echo "@error cannot look into $archive"; exit 0; }
time_of() { stat -c %Y -- "$1" 2>/dev/null || echo 0; }
is_segment='length($0) >= 24 && substr($0, 1, 24) !~ /[^0-9A-F]/ && (length($0) == 24 || substr($0, 25, 1) == ".") &&
  $0 !~ /\.(partial|backup|history|tmp|part)(\.|$)/'
some=$(ls -f | awk "$is_segment"' { print; exit }')
case $some in
  '') size= ;;
  *.*) size=$(unpacked "$some" 2>/dev/null | head -c 40 | od -A n -t u4 -j 32 -N 4 | tr -d ' ') ;;
  *) size=$(stat -c %s -- "$some") ;;
esac
echo "@segment_size $size"
ls -f | grep -E '^[0-9A-F]{8}\.history(\.(gz|lz4|zst))?(\.gpg)?$' | while read -r each; do
  forks=$(unpacked "$each" 2>/dev/null | awk '/^[0-9]/ && NF > 1 { printf " %s %s", $1, $2 }')
  echo "@history ${each%%.*}$forks"
done
ls -f | awk "$is_segment" | sort | awk -v size="${size:-16777216}" '
  function number(text, i, sum) {
    sum = 0
    for (i = 1; i <= 8; i++) sum = sum * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
    return sum
  }
  {
    timeline = substr($0, 1, 8); segment = number(substr($0, 9, 8)) * (4294967296 / size) + number(substr($0, 17, 8))
    if (timeline != before || segment > last + 1) { if (NR > 1) print first, name; first = $0 }
    before = timeline; last = segment; name = $0
  }
  END { if (NR > 0) print first, name }' | tail -n "$most" | while read -r first last; do
  echo "@run $first $last $(time_of "$first") $(time_of "$last")"
done
echo "@done"
"""
)


def archive_of(text: str, answer: Answer) -> ArchiveState:
    """The archive, from what the script printed.

    ServerUnreachable when the directory cannot be looked into; ValueError when the output makes no sense.
    """
    found = parse_sections(text, frozenset())
    error = found.one("error")
    if error is not None:
        raise ServerUnreachable(Outcome.DENIED, f"{error}: does it exist, and may the SSH user read it?")
    if found.one("done") is None:
        raise ValueError("the listing of the archive broke off")
    size = int(found.one("segment_size") or 0) or DEFAULT_SEGMENT_SIZE
    if size & (size - 1) or not 2**20 <= size <= 2**30:
        raise ValueError(f"no segment has {size} bytes")
    return ArchiveState(answer, _runs(found, size), _histories(found), size)


def _runs(found: Sections, size: int) -> tuple[Segments, ...]:
    made = []
    for run in found.values.get("run", ()):
        first, last, began, ended = run.split(" ")
        timeline, number = parse_segment_name(first, size)
        made.append(Segments(timeline, number, parse_segment_name(last, size)[1], _time(began), _time(ended)))
    return tuple(made)


def _histories(found: Sections) -> tuple[tuple[Stretch, ...], ...]:
    """Each line has the timeline, then the timelines that it came from, each with the LSN at which it was left."""
    made = []
    for line in found.values.get("history", ()):
        name, *words = line.split(" ")
        forks = "\n".join(" ".join(pair) for pair in zip(words[::2], words[1::2], strict=True))
        made.append(read_history(int(name, 16), forks))
    return tuple(made)


def _time(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) else None
