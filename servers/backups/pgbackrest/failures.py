"""What pgBackRest says when something fails, in one clear line.

Its exit statuses are its error codes: src/build/error/error.yaml of its source, and
https://pgbackrest.org/command.html. The first line of its message says what and where; "HINT" says what to do.
"""

import re

_ERROR = re.compile(r"ERROR: \[(\d{3})\]: (.*)", re.DOTALL)
_STEP = re.compile(r"(?:;|\n)\s+|;\s*")
_RAISED = re.compile(r"raised from \S+ protocol(?: on '[^']*')?: ")
_RETRIES = re.compile(r"\[\w+\] on retry (?:at|after) ")
_HTTP = re.compile(r"HTTP request failed with (\d{3})(?: \(([^)]*)\))?")
_SERVICE = re.compile(r"\[ServiceError\] \[(\d{3})\] ([^;\n]*)")  # info, of a repository
_REQUEST = re.compile(r"\b(?:GET|HEAD|PUT|POST|DELETE) /\S*")
NO_PRIMARY = "primary database not found"
_STORE = "the store answers"
_LONGEST = 300


_MEANINGS = {
    "037": "its configuration there has no such stanza, or lacks an option",
    "040": "the directory is there already and not empty",
    "050": "another pgBackRest command holds the stanza's lock there (a backup or an expire): wait for its end",
    "056": "pgBackRest finds no primary: its pg settings must lead to the server that takes writes",
    "062": "pgBackRest was stopped there: `pgbackrest start` lets it work again",
    "063": "it was ended by a signal",
    "075": "no such backup is in the repository",
    "082": "WAL does not reach the archive (PostgreSQL's log has what archive-push said)",
    "095": "the certificate of the repository's server is not accepted",
}


def explain(said: str) -> str:
    """One line on what went wrong: what that means where it is known, and pgBackRest's own words."""
    match = _ERROR.search(said)
    if match is None:
        return " ".join(said.split())[-_LONGEST:] or "pgBackRest said nothing"
    code, words = match[1], match[2]
    steps = [" ".join(step.split()) for step in _STEP.split(words)]
    steps = [step for step in steps if step and not _RETRIES.match(step)]
    first = _RAISED.sub("", steps[0]) if steps else ""
    hint = next((step.removeprefix("HINT: ") for step in steps if step.startswith("HINT: ")), "")
    meaning = _special(words) or _MEANINGS.get(code, "")
    told = ": ".join(part for part in (meaning, "" if meaning.startswith(_STORE) else first) if part)
    if hint and not meaning:
        told = f"{told} ({hint})"
    return f"{told[:_LONGEST]} [pgBackRest {int(code)}]"


def in_short(message: str) -> str:
    """A repository's status message, which is an error's text over many lines."""
    return _special(message) or " ".join(message.split())[:_LONGEST]


def _special(words: str) -> str:
    """What a number inside of a message means more than its code."""
    if "[28]" in words or "No space left" in words:
        return "the disk is full there"
    if "[13]" in words or "Permission denied" in words:
        return "pgBackRest's user may not do that there"
    http = _HTTP.search(words) or _SERVICE.search(words)
    if http is not None:
        asked = _REQUEST.search(words)
        reason = f" ({http[2]})" if http[2] else ""
        return f"{_STORE} {http[1]}{reason}" + (f" to {asked[0]}" if asked else "")
    if "checksum" in words.lower() or "unexpected eof in compressed data" in words or "inflate error" in words:
        return "a file in the repository is damaged"
    return ""
