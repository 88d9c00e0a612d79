"""What reaches a server moves and marks; it deletes nothing of PostgreSQL's but the mark that it set itself."""

import re
from pathlib import Path

import commands
import servers
from servers.engines import host_scripts

# What deletes or empties, by a shell, by Python or by SQL. A redirection to a file of our own is no deletion.
_DELETES = re.compile(
    r"(?<!-)\b(rm|rmdir|unlink|shred|truncate|rmtree|initdb|pg_resetwal|mkfs)\b|find\b.*-delete|"
    r"\b(DROP|TRUNCATE)\s|\bos\.remove\b|\bDELETE\s+FROM\b"
)
_OURS = (
    # The mark of a fence, taken off a server that was shut down cleanly before anything was promoted.
    '[ ! -e "$data/standby.signal" ] || rm -- "$data/standby.signal" ;;',
    # The same, where a stop that was late has put it there while that server came up as a primary again.
    "case $pid$(state_of) in [0-9]*'in production') rm -- \"$data/standby.signal\" ;; esac",
    # What was written a moment before, under a name that nobody had, to try whether an archive takes files.
    'as_owner rm -f -- "$ours"',
    # An order by name: what that order itself has made, known by its name and by the key that it wrote there.
    'as_owner rm -rf -- "$data" "$data.tablespaces" "$data".part* || refuse "$data could not be removed"',
    'as_owner rm -rf -- "$work" || refuse "$work could not be removed"',
    """case $sockets in /tmp/understudy.*) as_owner rmdir -- "$sockets" 2>/dev/null ;; esac""",
    # A failover drill's own rows, by its own name for the run, in a table that is ours.
    '_REMOVE: LiteralString = "DELETE FROM understudy.probe WHERE run = %s"',
    # A process's own sign of life beside the ledger.
    "self._path.unlink(missing_ok=True)",
    "path.unlink(missing_ok=True)",
    # What a backup was encrypted from, by the job that has made it.
    'rm -f -- "$each" # not encrypted, and of this job\'s own',
    # Pipes that the same job has made, and nothing reads any more.
    'rm -f -- "$work/slot.pipe" "$work/manifest.pipe" # this job\'s own',
    # Retention, which the settings order: what it has named, and its own of a time before.
    'for each in "$data"/.expired-*; do [ ! -d "$each" ] || as_owner rm -r -f -- "$each"; done',
    'for each in "$data"/.expired-[0-9]*Z; do [ ! -d "$each" ] || as_owner rm -r -f -- "$each"; done',
    'as_owner rm -r -f -- "$data/.expired-$each"',
    '[ ! -d "$data/$each.understudy" ] || as_owner rm -r -f -- "$data/$each.understudy"',
    'echo "$names" | as_owner xargs rm -f --',
    '[ ! -d .sums ] || echo "$names" | cut -c 1-24 | (cd .sums && as_owner xargs rm -f --)',
    # A temporary PostgreSQL that the job has made for a moment, to try a dump in it, under a name that nobody had.
    'initdb -D "$scratch/data" -U postgres -A trust -E UTF8 --locale=C --no-sync > "$work/scratch.log" 2>&1 ||',
    'case $scratch in */scratch.??????) rm -rf -- "$scratch" ;; esac',
    'rmdir -- "$sockets" 2>/dev/null',
    # archive_command's own temporary file: it failed, or a killed process has left it, or it has its name by a link.
    """trap 'rm -f -- "$temporary" "$temporary.gpg"' EXIT""",
    """grep -q -F -- "${0##*/}" "/proc/${number##*.}/cmdline" 2>/dev/null || rm -f -- "$left" "$left.gpg\"""",
    'if ln -- "$1" "$2" 2>/dev/null; then rm -f -- "$1"',
)


def test_no_code_that_acts_on_servers_deletes_anything() -> None:
    folders = (Path(str(package.__file__)).parent for package in (servers, commands))
    files = (file for folder in folders for file in folder.rglob("*.py"))
    lines = (line.strip() for file in files for line in file.read_text().splitlines())
    assert [line for line in lines if _DELETES.search(line) and line not in _OURS] == []


def test_the_search_would_find_what_deletes() -> None:
    for line in ("rm -rf $data", "shutil.rmtree(path)", "DROP TABLE x", "find /data -name x -delete"):
        assert _DELETES.search(line)
    assert _DELETES.search(host_scripts.START)
