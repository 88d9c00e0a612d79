"""A job on a host, by a shell here: whoever looks is told of its end when it ends, and what it took."""

import subprocess
from pathlib import Path

from servers.engines.job_answer import job_report
from servers.engines.job_scripts import BEGIN, JOB, STOP
from servers.engines.rejoining import JobReport, JobState
from servers.sections import parse_sections

_UNTIL_THERE = 'while [ ! -e "$1.end" ]; do sleep 0.01; done'


def run(script: str, path: Path, *arguments: str) -> JobReport:
    argv = ["sh", "-c", script, "sh", str(path), "", *arguments]
    done = subprocess.run(argv, input="\n\n", capture_output=True, text=True, check=True)
    return job_report(parse_sections(done.stdout, frozenset({"log"})))


def test_a_look_that_waits_answers_when_the_job_ends_and_one_that_does_not_at_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run(BEGIN, data, "restore", "key", _UNTIL_THERE).state is JobState.RUNNING
    assert run(JOB, data, "restore", "0").state is JobState.RUNNING
    with subprocess.Popen(["sh", "-c", JOB, "sh", str(data), "", "restore", "1000"], stdout=subprocess.PIPE) as look:
        (tmp_path / "data.end").touch()
        said, _ = look.communicate(timeout=30)
    assert job_report(parse_sections(said.decode(), frozenset({"log"}))).state is JobState.DONE


def test_what_a_job_took_is_the_same_whenever_it_is_looked_at(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(BEGIN, data, "restore", "key", "sleep 0.1")
    first = run(JOB, data, "restore", "1000")
    assert first.state is JobState.DONE
    assert first.seconds >= 0.09  # files have the kernel's coarse time
    assert run(JOB, data, "restore", "0").seconds == first.seconds


def test_a_job_that_does_not_end_by_itself_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    run(BEGIN, data, "restore", "key", "trap '' TERM; while :; do sleep 0.1; done")
    subprocess.run(["sh", "-c", STOP, "sh", str(data), "", "restore", "1", "key"], check=True, capture_output=True)
    report = run(JOB, data, "restore", "0")
    assert report.state is JobState.FAILED
    assert "ended on request" in report.log
