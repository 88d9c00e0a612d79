"""The settings' [timeline]: what goes into the timeline of an incident beside the audit log."""

from bot.settings_types import Section


class TimelineSettings(Section):
    """`thread_messages`: what people said in the threads of alerts and operations (the scope channels:history)."""

    thread_messages: bool = False
