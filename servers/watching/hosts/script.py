"""The one script that looks at a host itself, once a minute, and how it is run there.

It is constant: what differs between hosts is passed as arguments, never put into its text. POSIX sh and Linux's /proc;
whatever else it asks (systemctl, smartctl, …) it asks only where that is installed, each for a few seconds at most,
and takes so many bytes of the answer and no more. It needs no right beyond a login and changes nothing.
Arguments: 'rarely' where this look is one of the few that ask what is costly (else ''), 'sudo' where smartctl may be
run through it (else ''), the number of ways to measure, host and port at the end of each, and then host and port of
each port that is tried.
"""

from collections.abc import Sequence

from servers.knock import Endpoint

# A command's output may be cut or late, and what it started may hold its own output open for ever: it runs apart, and
# only `head`, which ends by itself, is waited for. `@exit` is missing where it was cut or late.
_ASK = r"""
ask() {
  name=$1 patience=$2 most=$3; shift 3
  printf '@%s\n' "$name"
  ( { timeout "$patience" "$@" 2>&1 < /dev/null; printf '\n@exit %s\n' "$?"; } & ) | timeout "$patience" head -c "$most"
  printf '\n@end\n'
}
there() { command -v "$1" > /dev/null 2>&1; }
"""

_FILES = r"""
ask files 3 200000 grep -H '' /proc/loadavg /proc/sys/fs/file-nr /proc/pressure/cpu /proc/pressure/memory \
  /proc/pressure/io /proc/mdstat /proc/self/mounts
ask counters 3 20000 grep -H -s -E \
  '^(MemTotal:|MemAvailable:|Hugetlb:|SwapTotal:|SwapFree:|oom_kill |pswpin |pswpout |size |c_min )' \
  /proc/meminfo /proc/vmstat /proc/spl/kstat/zfs/arcstats
ask disks 3 100000 df -P -k -l
ask inodes 3 100000 df -P -i -l
"""

# modules.dep is written when a kernel is installed, so its time is that of the installation.
_REBOOT = r"""
echo "@kernel $(uname -r)"
for each in /lib/modules/*/modules.dep; do
  [ ! -e "$each" ] || printf '@kernel_installed %s %s\n' "$(stat -c %Y -- "$each")" "$each"
done
for each in /run/reboot-required /var/run/reboot-required; do
  [ ! -e "$each" ] || { printf '@reboot_required %s\n' "$(stat -c %Y -- "$each")"; break; }
done
"""

# adjtimex(2) by its number: with nothing to set it needs no right, and answers 5 while the clock is not synchronised.
# What asks systemd's timedated by D-Bus would start it each time, and fill the journal with that.
_CLOCK = r"""
synchronised() {
  call=
  case $(uname -m) in x86_64) call=159 ;; aarch64|riscv64) call=171 ;; ppc64le) call=124 ;; s390x) call=124 ;; esac
  if [ -n "$call" ] && there perl; then
    timeout 2 perl -e 'my $timex = "\0" x 512; print syscall($ARGV[0] + 0, $timex)' "$call" 2> /dev/null
  elif there python3; then
    timeout 4 python3 -I -S -c 'import ctypes
print(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)), end="")' 2> /dev/null
  fi
}
echo "@clock_state $(synchronised)"
if there chronyc; then ask chrony 3 4000 chronyc -n tracking; fi
"""

_SERVICES = r"""
if there systemctl; then
  ask units 3 50000 systemctl list-units --state=failed --plain --no-legend --no-pager --full
fi
"""

# A drive that sleeps is left asleep. The scan only lists what is there, and needs no right. Whether sudo would permit
# it is asked first: what it refuses, it reports to root by mail.
_DRIVES = r"""
drives() {
  smartctl --scan | head -n 32 | while read -r device _ kind _; do
    case $device in /dev/*) ;; *) continue ;; esac
    set -- smartctl -n standby -H -j -d "$kind" "$device"
    if [ "$sudo" != sudo ]; then timeout 5 "$@" < /dev/null
    elif timeout 5 sudo -n -l "$@" > /dev/null 2>&1 < /dev/null; then timeout 5 sudo -n "$@" < /dev/null
    else echo "sudo does not permit smartctl for $device"
    fi
  done
}
if [ "$rarely" = rarely ]; then
  if there smartctl; then
    printf '@drives\n'; ( { drives 2>&1; printf '\n@exit 0\n'; } & ) | timeout 12 head -c 200000; printf '\n@end\n'
  else echo "@no_smartctl"
  fi
fi
"""

_TAILSCALE = r"""
if there tailscale; then ask tailscale 3 500000 tailscale status --json; fi
"""

# Nothing that is there everywhere tries a port and says what came of it; one of these three nearly always is. They run
# beside each other, after everything else, so that their lines do not break into another's.
_NETWORK = r"""
knock_by_perl() {
  timeout 5 perl -MSocket -MIO::Socket::IP -MErrno=ECONNREFUSED,ETIMEDOUT -e '
    my $s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Type => SOCK_STREAM, Timeout => 3);
    print $s ? "open" : $! == ECONNREFUSED ? "refused" : $! == ETIMEDOUT ? "silent" : "failed $@"' "$1" "$2"
}
knock_by_python3() {
  timeout 5 python3 -I -S -c 'import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
    print("open")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silent")
except OSError as error:
    print("failed", error)' "$1" "$2"
}
knock_by_nc() {
  if timeout 5 nc -z -w 3 "$1" "$2" > /dev/null 2>&1; then echo open; else echo "failed nc -z did not connect"; fi
}
knock() {
  answer=
  for tool in perl python3 nc; do
    there "$tool" || continue
    answer=$("knock_by_$tool" "$2" "$3" 2> /dev/null < /dev/null | head -c 200 | head -n 1)
    case $answer in open*|refused*|silent*|failed*) break ;; *) answer= ;; esac
  done
  echo "@port $1 ${answer:-untried}"
}
connect_time() {
  timeout 5 python3 -I -S -c 'import socket, sys, time
family, kind, protocol, _, address = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_STREAM)[0]
link = socket.socket(family, kind, protocol)
link.settimeout(3)
began = time.monotonic()
link.connect(address)
print(f"{(time.monotonic() - began) * 1000:.3f}")' "$1" "$2" 2> /dev/null < /dev/null
}
measure() {
  said='ping is not installed'
  if there ping; then
    said=$(timeout 8 ping -n -q -c 10 -i 0.2 -W 1 "$2" 2>&1 < /dev/null | tail -n 3 | head -c 400 | tr '\n' ' ')
  fi
  case $said in
    *' 0 received'*|*' 0 packets received'*) took=$(connect_time "$2" "$3") ;;
    *transmitted*) took= ;;
    *) took=$(connect_time "$2" "$3") ;;
  esac
  if [ -n "$took" ]; then echo "@way $1 connect $took"
  else echo "@way $1 ${said:-no answer in time}"
  fi
}
number=0
while [ "$number" -lt "$ways" ]; do measure "$number" "$1" "$2" & shift 2; number=$((number + 1)); done
number=0
while [ $# -ge 2 ]; do knock "$number" "$1" "$2" & shift 2; number=$((number + 1)); done
wait
"""

SCRIPT = (
    _ASK
    + r"""
export LC_ALL=C
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
rarely=$1 sudo=$2 ways=$3; shift 3
cd / || exit 1
echo "@now $(date +%s)"
echo "@cores $(getconf _NPROCESSORS_ONLN 2> /dev/null || nproc 2> /dev/null)"
echo "@page $(getconf PAGESIZE 2> /dev/null)"
"""
    + _FILES
    + _REBOOT
    + _CLOCK
    + _SERVICES
    + _DRIVES
    + _TAILSCALE
    + _NETWORK
    + """
echo "@done"
"""
)

BLOCKS = frozenset({"files", "counters", "disks", "inodes", "chrony", "units", "drives", "tailscale"})


def watch_command(
    *, rarely: bool, use_sudo: bool, ways: Sequence[Endpoint] = (), ports: Sequence[Endpoint] = ()
) -> tuple[str, ...]:
    """The argument list that runs the script on a host. `ways`: to where the way is measured, by a connection to that
    port where ping does not tell; `ports`: what is tried from there."""
    words = [word for one in (*ways, *ports) for word in (one.host, str(one.port))]
    flags = ("rarely" if rarely else "", "sudo" if use_sudo else "")
    return ("sh", "-c", SCRIPT, "sh", *flags, str(len(ways)), *words)
