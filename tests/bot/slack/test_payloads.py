"""Who did what, read from Slack's payloads."""

from typing import Any

from bot.slack.payloads import of_command, of_press, of_submission, press_of

OWN = "T0OWN"


def command(**changes: Any) -> dict[str, Any]:
    return {"user_id": "U1", "user_name": "alice", "team_id": OWN, "trigger_id": "1.2", "text": " status ", **changes}


def press(**changes: Any) -> dict[str, Any]:
    return {
        "user": {"id": "U1", "username": "alice", "team_id": OWN},
        "team": {"id": OWN},
        "container": {"message_ts": "5.0", "channel_id": "C1"},
        "actions": [{"action_id": "order.approve:0", "value": "7K3F", "action_ts": "9.1"}],
        **changes,
    }


def submission(trigger: str) -> dict[str, Any]:
    return {
        "user": {"id": "U1", "team_id": OWN},
        "team": {"id": OWN},
        "trigger_id": trigger,
        "view": {"id": "V1", "hash": "1.a"},
    }


def test_the_same_delivery_has_the_same_id() -> None:
    assert of_command(command(), OWN).delivery == of_command(command(), OWN).delivery
    assert of_press(press(), OWN).delivery == of_press(press(), OWN).delivery
    assert of_submission(submission("1"), OWN, None).delivery == of_submission(submission("1"), OWN, None).delivery


def test_whatever_a_person_does_anew_has_an_id_of_its_own() -> None:
    assert of_command(command(), OWN).delivery != of_command(command(trigger_id="1.3"), OWN).delivery
    again = press(actions=[{"action_id": "order.approve:0", "value": "7K3F", "action_ts": "9.2"}])
    assert of_press(press(), OWN).delivery != of_press(again, OWN).delivery
    other = press(user={"id": "U2", "team_id": OWN})
    assert of_press(press(), OWN).delivery != of_press(other, OWN).delivery
    # After errors in the fields Slack sends the same view, unchanged, once more.
    assert of_submission(submission("1"), OWN, None).delivery != of_submission(submission("2"), OWN, None).delivery


def test_somebody_of_another_workspace_is_nobody_of_ours() -> None:
    assert of_command(command(), OWN).person_id == "U1"
    assert of_command(command(team_id="T0OTHER"), OWN).person_id == "foreign:T0OTHER:U1"
    guest = press(user={"id": "U1", "team_id": "T0OTHER"})
    assert of_press(guest, OWN).person_id == "foreign:T0OTHER:U1"


def test_without_a_team_nobody_is_known() -> None:
    assert of_command(command(team_id=None), OWN).person_id == "foreign:unknown:U1"


def test_a_press_says_what_for_and_on_what() -> None:
    pressed = press_of(press())
    assert (pressed.action, pressed.value, pressed.choice) == ("order.approve", "7K3F", None)
    chosen = press_of(press(actions=[{"action_id": "alert.silence:2", "selected_option": {"value": "1h 9QX2"}}]))
    assert (chosen.action, chosen.value, chosen.choice) == ("alert.silence", "9QX2", "1h")
