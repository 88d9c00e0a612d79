"""Free words of people, as they may stand in the channel and in the audit log."""

LONGEST_REASON = 300


def tidy(text: str) -> str:
    """On one line, without control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
