"""What the native engine sees on a host: the proof of a fence."""

import pytest
from hypothesis import given

from servers.engines.engine import ActionFailed
from servers.engines.host_answer import host_answer, listeners_of
from servers.knock import Endpoint
from servers.ssh import Completed
from tests.servers.control_data_text import control_data_text
from tests.servers.damage import damaged

QUIET = f"""\
@postmaster
@address 5432 127.0.0.2
@standby_signal
@control
{control_data_text()}@end
@done
"""
ON_2, ON_3, ON_ALL = "0200007F", "0300007F", "00000000"
ON_ALL_6, ON_LOCAL_6 = "0" * 32, "0" * 24 + "01000000"


def proof_of(text: str) -> bool:
    return host_answer("db1", Completed(("sh",), 0, text, "", 0.01)).proof(0.01).holds


def test_nothing_runs_and_nothing_listens() -> None:
    assert proof_of(QUIET)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("@postmaster", "@postmaster 42 S"),
        ("@postmaster", "@postmaster 42 T"),
        ("@postmaster", "@postmaster\n@process 43"),
        ("@standby_signal", f"@listener {ON_2}"),
        ("@standby_signal", f"@listener {ON_ALL}"),
        ("@control\n", "@something\n"),
    ],
)
def test_no_proof_while_something_is_left_or_the_data_directory_cannot_be_read(before: str, after: str) -> None:
    assert not proof_of(QUIET.replace(before, after, 1))


@pytest.mark.parametrize(
    "text", ["", "@error no such directory: /data\n", QUIET.replace("@done", ""), QUIET.replace("@postmaster", "")]
)
def test_a_look_that_broke_off_is_no_proof(text: str) -> None:
    with pytest.raises(ActionFailed, match="db1"):
        proof_of(text)


@pytest.mark.parametrize(
    ("listens_on", "found", "counted"),
    [
        ("127.0.0.2", [ON_2], ("127.0.0.2:5432",)),
        ("127.0.0.2", [ON_3], ()),
        ("127.0.0.2", [ON_ALL], ("0.0.0.0:5432",)),
        ("127.0.0.2", [ON_ALL_6], (":::5432",)),
        ("*", [ON_3], ("127.0.0.3:5432",)),
        ("", [ON_3], ("127.0.0.3:5432",)),
        ("localhost", [ON_LOCAL_6], ("::1:5432",)),
        ("127.0.0.2, 127.0.0.3", [ON_2, ON_3, ON_3], ("127.0.0.2:5432", "127.0.0.3:5432")),
    ],
)
def test_a_listener_counts_where_the_server_would_listen(
    listens_on: str, found: list[str], counted: tuple[str, ...]
) -> None:
    assert listeners_of(found, listens_on, "5432") == counted


@pytest.mark.parametrize(
    ("elsewhere", "proved"),
    [
        ("42 5432 127.0.0.2 {} /new/data", False),
        ("42 5432 * {} /new/data", False),
        ("42 5432 localhost {} /new/data", False),
        ("42 5432 * - /new/data", False),
        ("42 5433 * {} /new/data", True),
        ("42 5432 127.0.0.3 {} /new/data", True),
        ("42 5432 * 4711 /another/cluster", True),
    ],
)
def test_a_postmaster_of_another_directory_counts_where_the_settings_lead_to_the_same_data(
    elsewhere: str, proved: bool
) -> None:
    answer = host_answer("db1", Completed(("sh",), 0, QUIET, "", 0.01))
    assert answer.control is not None
    line = f"@elsewhere {elsewhere.format(answer.control.system_identifier)}\n@standby_signal"
    text = QUIET.replace("@standby_signal", line)
    answer = host_answer("db1", Completed(("sh",), 0, text, "", 0.01), [Endpoint("127.0.0.2", 5432)])
    assert answer.proof(0.01).holds is proved


@given(damaged(QUIET.replace("@postmaster", "@postmaster 42 S").replace("@standby", f"@listener {ON_2}\n@standby")))
def test_a_damaged_answer_of_a_server_that_runs_is_no_proof(text: str) -> None:
    """No single damage takes away both what tells of the postmaster and what tells of the listener."""
    try:
        holds = proof_of(text)
    except ActionFailed:
        return
    assert not holds


def test_a_glance_proves_no_fence_and_claims_nothing_that_it_did_not_look_at() -> None:
    glance = f"@postmaster  \n@control\n{control_data_text('shut down')}@end\n@done\n"
    answer = host_answer("db1", Completed(("sh",), 0, glance, "", 0.01))
    assert answer.seen == "no postmaster; pg_controldata says shut down"
    assert not answer.proof(0.1).holds
