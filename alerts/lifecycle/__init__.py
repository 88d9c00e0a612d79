"""What becomes of one alert when something is found, when time passes, or when somebody presses a button. Pure.

    (nothing) → pending → firing → resolved → (firing again within the flap window: the same alert) → (forgotten)

Acknowledged and silenced are marks on a firing alert. An alert that is the consequence of another one, or of a running
operation, fires held back: its `group` names the message of its cause, and it gets a message of its own only when it
outlives the cause. A silence by matcher, a quiet hour and a storm hold back in the same way. Pending, and being well
without being resolved, are not recorded: after a restart the rule's times begin anew, and nothing was said yet.

`shapes` has the words, `advance` the journey, `reminders` what time alone does to it, `flapping` the coming and going,
`marks` what people do.
"""

from alerts.lifecycle.advance import advance
from alerts.lifecycle.marks import acknowledge, silence, still_on_it
from alerts.lifecycle.shapes import Change, Finding, Track, Transition, held, own_group

__all__ = [
    "Change",
    "Finding",
    "Track",
    "Transition",
    "acknowledge",
    "advance",
    "held",
    "own_group",
    "silence",
    "still_on_it",
]
