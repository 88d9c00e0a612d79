"""smartctl's answers: passed, failing, not permitted, asleep, or no JSON at all."""

import json

from hypothesis import given
from hypothesis import strategies as st

from servers.watching.hosts.answers import Printed
from servers.watching.hosts.drives import drives
from servers.watching.hosts.facts import Drive, Found

VERSION: dict[str, object] = {"version": [7, 3], "argv": ["smartctl", "-H", "-j"], "exit_status": 0}
SATA: dict[str, object] = {
    "json_format_version": [1, 0],
    "smartctl": VERSION,
    "device": {"name": "/dev/sda", "info_name": "/dev/sda [SAT]", "type": "sat", "protocol": "ATA"},
    "smart_status": {"passed": True},
}
NVME = {
    "smartctl": VERSION,
    "device": {"name": "/dev/nvme0", "info_name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
    "smart_status": {"passed": True, "nvme": {"value": 0}},
}
FAILING = {**SATA, "smartctl": {**VERSION, "exit_status": 8}, "smart_status": {"passed": False}}
DENIED = {
    "smartctl": {
        **VERSION,
        "messages": [{"string": "Smartctl open device: /dev/sda failed: Permission denied", "severity": "error"}],
        "exit_status": 2,
    },
    "device": {"name": "/dev/sda"},
}
VIRTUAL = {**SATA, "device": {"name": "/dev/vda"}}
VIRTUAL.pop("smart_status")


def said(*answers: object, status: int | None = 0) -> Found[tuple[Drive, ...]]:
    return drives(Printed("\n".join(json.dumps(answer, indent=2) for answer in answers), status))


def test_each_drive_has_its_own_verdict() -> None:
    assert said(SATA, NVME).value == (Drive("/dev/sda", True), Drive("/dev/nvme0", True))
    assert said(FAILING, NVME).value == (Drive("/dev/sda", False), Drive("/dev/nvme0", True))


def test_where_it_is_not_permitted_health_is_unknown_with_the_reason() -> None:
    found = said(DENIED)
    assert not found.absent
    assert found == Found(None, "/dev/sda: Smartctl open device: /dev/sda failed: Permission denied")
    assert drives(Printed("sudo: a password is required\n", 0)).why == "sudo: a password is required"


def test_a_drive_that_does_not_tell_leaves_the_others_their_verdict() -> None:
    assert said(VIRTUAL, FAILING).value == (
        Drive("/dev/vda", None, "it does not tell its health"),
        Drive("/dev/sda", False),
    )


def test_what_was_cut_is_read_as_far_as_it_came() -> None:
    text = json.dumps(SATA, indent=2) + "\n" + json.dumps(NVME, indent=2)[:60]
    assert drives(Printed(text, None)).value == (Drive("/dev/sda", True),)
    assert drives(Printed("", 0)).absent
    assert drives(Printed("", None)).why == "its answer was cut, or did not come in time"


@given(st.text() | st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(json.dumps))
def test_no_text_whatever_makes_it_raise(text: str) -> None:
    assert isinstance(drives(Printed(text, 0)), Found)
    assert isinstance(drives(Printed('{"smartctl": {}, "device": ' + text + "}", 0)), Found)
