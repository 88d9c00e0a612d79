"""What Barman says when something fails, in one clear line. It has no error codes: its words are all there is."""

import re

_PARTS = re.compile(r"(?:ERROR|EXCEPTION|DETAILS): ")
_JSON = re.compile(r'"_ERROR": \[(.*?)\]')
_LONGEST = 300

_MEANINGS = (
    ("Another backup process is running", "another backup runs there already: wait for its end"),
    ("Unknown server", "Barman has no cluster of that name: correct backups.name"),
    ("Unknown backup", "no such backup is in Barman's catalogue"),
    ("No space left on device", "the disk is full there"),
    ("Permission denied", "Barman's user may not do that there"),
    ("Impossible to start the backup", "Barman's own check fails"),
    ("verify backup failure", "the backup does not agree with its manifest"),
)


def explain(said: str) -> str:
    """One line on what went wrong: what that means where it is known, and Barman's own words."""
    match = _JSON.search(said)
    found = [match[1].strip('" ')] if match else [part.partition("\n")[0].strip() for part in _PARTS.split(said)[1:]]
    words = "; ".join(dict.fromkeys(filter(None, found))) or " ".join(said.split())[-_LONGEST:]
    if not words:
        return "Barman said nothing"
    meaning = next((meaning for start, meaning in _MEANINGS if start in said), "")
    return f"{meaning}: {words}"[:_LONGEST] if meaning else words[:_LONGEST]
