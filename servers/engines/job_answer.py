"""What the scripts of `servers.engines.job_scripts` print, as values."""

import re
from dataclasses import dataclass

from servers.control_data import control_values, parse_control_data
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import DirectoryFacts, JobReport, JobState, Reach
from servers.lsn import Lsn, parse_lsn
from servers.sections import Sections, parse_sections
from servers.ssh import Completed

_BLOCKS = frozenset({"control", "history", "log", "output", "files_output"})
_KIBIBYTE = 1024
_PROGRESS = re.compile(r"(\d+)/(\d+) kB \(\d+%\)")  # as pg_basebackup and pg_rewind print it
_LINES_TOLD = 3
VERIFYING = "understudy: verifying the copy"  # as the script says it


def taken_apart(server: str, completed: Completed) -> Sections:
    """The script's output. ActionFailed when it could not look, would not act, or broke off."""
    found = parse_sections(completed.stdout, _BLOCKS)
    refused = found.one("error") or found.one("failed")
    if refused is None and found.one("done") is None:
        refused = " ".join(completed.output.split())[:300] or "it printed nothing"
    if refused is not None:
        raise ActionFailed(f"{server}: {refused}", exit_status=completed.exit_status, output=completed.output)
    return found


def directory_facts(found: Sections) -> DirectoryFacts:
    """The facts. ValueError when they make no sense."""
    control = found.blocks.get("control")
    values = control_values(control or "")
    available = found.one("available")
    return DirectoryFacts(
        exists=found.one("version") is not None,
        running=found.one("running") is not None,
        control=parse_control_data(control) if control is not None else None,
        version=found.one("version") or "",
        data_checksums=values.get("Data page checksum version", "0") != "0",
        wal_log_hints=values.get("wal_log_hints setting") == "on",
        full_page_writes=values.get("Latest checkpoint's full_page_writes") == "on",
        end_lsn=_end_lsn(values.get("Minimum recovery ending location")),
        end_timeline=int(values.get("Min recovery ending loc's timeline", "0")),
        history=found.blocks.get("history", ""),
        available=int(available) * _KIBIBYTE if available else None,
        tablespaces=tuple(found.values.get("tablespace", ())),
        obstacle=found.one("obstacle") or "",
        restores=found.one("restores") is not None,
        archive_seen=found.one("archive") is not None,
        broken=found.one("broken") is not None,
        based=found.one("based") is not None,
    )


def job_report(found: Sections) -> JobReport:
    """How the job stands. ValueError when that makes no sense."""
    words = (found.one("job") or "").split(" ")
    if len(words) < 3:
        raise ValueError(f"no job in {words}")
    state, now, begun = words[:3]
    log = found.blocks.get("log", "")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    # What is said before it counts what was copied.
    begins = next((at for at, line in enumerate(lines) if line == VERIFYING), None)
    counting = lines if begins is None else lines[begins:]
    progress = next((match for line in reversed(counting) if (match := _PROGRESS.search(line))), None)
    return JobReport(
        state=JobState(state),
        key=words[3] if len(words) > 3 else "",
        seconds=max(0.0, float(now) - float(begun)) if begun != "0" else 0.0,
        copied=int(progress[1]) * _KIBIBYTE if progress else None,
        total=int(progress[2]) * _KIBIBYTE if progress else None,
        log="\n".join(lines[-_LINES_TOLD:]),
        verifying=begins is not None or (progress is not None and "verified" in progress.string),
    )


def reach_of(found: Sections) -> Reach:
    replication, files = found.one("replication"), found.one("files")
    said = found.blocks.get("output") or found.blocks.get("files_output") or ""
    detail = " ".join(said.split())[:300]
    if not detail and files != "t":
        detail = "its replication role may not read files: pg_rewind needs EXECUTE on pg_ls_dir, pg_stat_file, "
        detail += "pg_read_binary_file"
    return Reach(replication is not None, files == "t", detail)


@dataclass(frozen=True, slots=True)
class Source:
    """How to reach a server: libpq's words without the password, and the password ('' where a passfile has it)."""

    conninfo: str
    password: str

    @property
    def stdin(self) -> str:
        return f"{self.conninfo}\n{self.password}\n"


def _end_lsn(text: str | None) -> Lsn | None:
    """0/0 stands for: none is needed."""
    lsn = parse_lsn(text) if text else Lsn(0)
    return lsn or None
