"""Stand-ins for service managers, so that each kind of service runs a real PostgreSQL on the practice pair.

They understand the few commands that Understudy gives, refuse others, and note each in a file.
"""

from dataclasses import replace
from pathlib import Path

from servers.inventory import Cluster, Server, Service, ServiceKind
from tests.servers.pair import Pair

_HEAD = """#!/bin/sh
echo "${{0##*/}} $*" | head -n 1 >> '{notes}'
pg() {{ "$@" >/dev/null 2>&1; }}
"""
_SUDO = """
[ "$1" = -n ] || exit 99
shift
exec "$@"
"""
_SYSTEMCTL = """
[ "$2" = "{name}" ] || exit 5
case $1 in
  stop) pg pg_ctl stop -D '{data}' -m fast -w ;;
  start) pg pg_ctl start -D '{data}' -l '{log}' -w ;;
  *) exit 99 ;;
esac
"""
_PG_CTLCLUSTER = """
[ "$1 $2" = "{version} {name}" ] || exit 5
case $3 in
  stop) [ "$4" = -m ] && pg pg_ctl stop -D '{data}' -m "$5" -w ;;
  start) pg pg_ctl start -D '{data}' -l '{log}' -w ;;
  promote) pg pg_ctl promote -D '{data}' -W ;;
  *) exit 99 ;;
esac
"""
# A container is running while its postmaster is; one that is stopped can only be looked into from another one.
_DOCKER = """
running() {{ pg_ctl status -D '{data}' >/dev/null 2>&1; }}
not_running() {{ echo "Error response from daemon: container {name} is not running" >&2; exit 1; }}
command=$1; shift
case $command in
  exec) [ "$1 $2" = "-i {name}" ] || exit 5; running || not_running; shift 2; exec "$@" ;;
  inspect)
    case $2 in
      *Running*) if running; then echo true; else echo false; fi ;;
      *) echo postgres:18 ;;
    esac ;;
  run)
    [ "$1 $2 $3 $4 $5 $6 $7" = "--rm -i --volumes-from {name} --network none --entrypoint" ] || exit 5
    program=$8; shift 8; [ "$1" = postgres:18 ] || exit 5; shift
    exec "$program" "$@" ;;
  stop) running || not_running; pg pg_ctl stop -D '{data}' -m fast -w ;;
  kill) running && pg pg_ctl stop -D '{data}' -m immediate -w || not_running ;;
  start) pg pg_ctl start -D '{data}' -l '{log}' -w ;;
  *) exit 99 ;;
esac
"""
_SCRIPTS = {
    "sudo": _SUDO,
    "systemctl": _SYSTEMCTL,
    "pg_ctlcluster": _PG_CTLCLUSTER,
    "docker": _DOCKER,
}


def managed_by(pair: Pair, kind: ServiceKind) -> Cluster:
    """The pair's cluster with services of that kind, whose managers are there."""
    return replace(pair.cluster, servers=tuple(_managed(pair, server, kind) for server in pair.cluster.servers))


def notes_of(pair: Pair, name: str) -> list[str]:
    """What the managers on that server were told."""
    notes = _place(pair, name) / "notes"
    return notes.read_text().splitlines() if notes.exists() else []


def _managed(pair: Pair, server: Server, kind: ServiceKind) -> Server:
    lab, place = pair.lab.server(server.name), _place(pair, server.name)
    words = {
        "notes": place / "notes",
        "data": lab.data_directory,
        "log": place / "log",
        "name": f"postgresql-{server.name}",
        "version": "18",
    }
    for program, text in _SCRIPTS.items():
        pair.lab.account.write(place / program, (_HEAD + text).format(**words), 0o700)
    lab.environment["PATH"] = f"{place}:{lab.environment['PATH']}"
    service = Service(
        kind=kind,
        data_directory=str(lab.data_directory),
        bin_directory=str(lab.bin_directory),
        unit=str(words["name"]),
        version="18",
        cluster_name=str(words["name"]),
        container=str(words["name"]),
        use_sudo=True,
    )
    return replace(server, service=service)


def _place(pair: Pair, name: str) -> Path:
    return pair.lab.account.directory(pair.lab.server(name).paths.root / "managers")
