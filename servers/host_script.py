"""The one script that looks at a server's host, and how it is run there.

It is constant: what differs between servers is passed as arguments, never put into its text. POSIX sh, Linux's /proc.
Arguments: data directory, directory of PostgreSQL's programs (or ''), seconds for a try of a peer, number of peers,
then for each peer its host and port, then the paths whose file systems are looked at.
"""

from collections.abc import Sequence

from servers.inventory import Server
from servers.knock import Endpoint
from servers.service import programs

# Whether a process is the postmaster of the data directory: its working directory is that directory (readable for its
# own user and for root only), else at least its name. Sets $pid and $state, both empty if there is none.
# Its pid file: https://www.postgresql.org/docs/current/storage-file-layout.html and src/include/utils/pidfile.h.
FIND_POSTMASTER = r"""
find_postmaster() {
  pid= state= line=
  { IFS= read -r pid < "$data/postmaster.pid"; } 2>/dev/null || pid=
  case $pid in ''|*[!0-9]*) pid= ;; esac
  [ -n "$pid" ] || return 0
  { IFS= read -r line < "/proc/$pid/stat"; } 2>/dev/null || { pid=; return 0; }
  rest=${line##*) }; state=${rest%% *}
  case $state in Z|X) pid= state=; return 0 ;; esac
  if [ -e "/proc/$pid/cwd" ]; then
    [ "/proc/$pid/cwd" -ef "$data" ] || pid= state=
  else
    case $line in *'(postgres)'*|*'(postmaster)'*) ;; *) pid= state= ;; esac
  fi
}
"""

SCRIPT = (
    FIND_POSTMASTER
    + r"""
try() {
  answer=$(timeout "$patience" pg_isready -t 2 -h "$2" -p "$3" 2>/dev/null); code=$?
  echo "@peer $1 $code ${answer##* - }"
}
export LC_ALL=C
data=$1 programs=$2 patience=$3 peers=$4; shift 4
[ -z "$programs" ] || PATH="$programs:$PATH"
cd / || exit 1
echo "@date $(date +%s.%N)"
number=0
while [ "$number" -lt "$peers" ]; do
  try "$number" "$1" "$2" & shift 2
  number=$((number + 1))
done
if [ ! -d "$data" ]; then echo "@error no such directory: $data"
elif [ ! -r "$data" ] || [ ! -x "$data" ]; then echo "@denied $data cannot be read by $(id -un)"
else
  find_postmaster
  echo "@postmaster $pid $state"
  if [ -n "$pid" ]; then
    { read -r _; read -r _; read -r _; read -r port; IFS= read -r sockets; read -r address; } \
      < "$data/postmaster.pid"
    case $address in ''|'*'|0.0.0.0|::) here=${sockets:-localhost} ;; *) here=$address ;; esac
    try self "$here" "$port" &
  fi
  [ ! -e "$data/standby.signal" ] || echo "@standby_signal"
  history=
  for each in "$data"/pg_wal/????????.history; do [ ! -r "$each" ] || history=$each; done
  [ -z "$history" ] || printf '@history_file %s\n@history\n%s\n@end\n' "${history##*/}" "$(cat -- "$history")"
fi
IFS= read -r load < /proc/loadavg && echo "@load $load"
control=$(pg_controldata -D "$data" 2>/dev/null) && printf '@control\n%s\n@end\n' "$control"
disks=$(df -P -k -- "$data" "$@" 2>/dev/null); printf '@disks\n%s\n@end\n' "$disks"
wait
echo "@done $(date +%s.%N)"
"""
)


def host_command(server: Server, peers: Sequence[Endpoint], patience: float) -> tuple[str, ...]:
    """The argument list that runs the script beside the server's data directory.

    `patience`: seconds for its try of each peer.
    """
    service = server.service
    words = [word for peer in peers for word in (peer.host, str(peer.port))]
    return (
        "sh",
        "-c",
        SCRIPT,
        "sh",
        service.data_directory,
        programs(service),
        f"{patience:.2f}",
        str(len(peers)),
        *words,
        *server.disks,
    )
