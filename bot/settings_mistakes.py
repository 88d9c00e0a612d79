"""What is wrong with the settings, one line a mistake: the key, what is wrong, what would be right."""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

PREFIX = "UNDERSTUDY_"
# Variables that steer the start itself and are no settings.
OWN_VARIABLES = ("UNDERSTUDY_SETTINGS", "UNDERSTUDY_SECRETS_DIRECTORY")
# Where pydantic puts the kind into the place of a mistake: clusters.NAME.traffic.NAME.KIND.key
_KINDS = {"traffic": 4, "backups": 3}


@dataclass(frozen=True, slots=True)
class Mistake:
    """`final` ones make it pointless to read on (the file cannot be read at all)."""

    key: str
    wrong: str
    right: str
    final: bool = False

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}; {self.right}"


class SettingsError(Exception):
    """The settings cannot be used. `mistakes` has every one."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def mistakes_in_file(file: Path) -> Iterator[Mistake]:
    """What keeps the file from being read as TOML."""
    try:
        tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        yield Mistake(str(file), "there is no such file", "write one with `understudy init`", final=True)
    except OSError as error:
        right = "let the user that runs understudy read it"
        yield Mistake(str(file), f"cannot be read: {error.strerror}", right, final=True)
    except UnicodeDecodeError:
        yield Mistake(str(file), "is not UTF-8 text", "save it as UTF-8", final=True)
    except tomllib.TOMLDecodeError as error:
        yield Mistake(str(file), f"is not valid TOML: {error}", "mend that line", final=True)


def mistakes_in_secrets_directory(directory: str | None) -> Iterator[Mistake]:
    """A secrets directory that was named must be there."""
    if directory is not None and not Path(directory).is_dir():
        right = "name the directory that holds the secret files, or unset the variable"
        yield Mistake("UNDERSTUDY_SECRETS_DIRECTORY", "is no directory", right, final=True)


def unknown_variables(environment: Mapping[str, str], sections: tuple[str, ...]) -> Iterator[Mistake]:
    """Variables that look like settings and name no section: a typing error would otherwise pass in silence."""
    for variable in sorted(environment):
        if not variable.upper().startswith(PREFIX) or variable.upper() in OWN_VARIABLES:
            continue
        section = variable[len(PREFIX) :].split("__")[0].lower()
        if section not in sections or section == "directory":
            yield Mistake(variable, "names no setting", f"{_nearest(section, sections)} or unset it")


def mistakes_of(error: ValidationError) -> Iterator[Mistake]:
    """Pydantic's errors in our words. The value itself is never repeated: it may be a secret."""
    details = error.errors(include_url=False, include_input=False)
    for detail in details:
        if not _follows_from_another(detail, details):
            yield Mistake(_key(detail), *_wording(detail))


def in_order(mistakes: Iterable[Mistake], sections: Sequence[str]) -> tuple[Mistake, ...]:
    """As the settings file has its sections, so that whoever mends them goes through it once."""
    places = {section: place for place, section in enumerate(sections)}
    return tuple(sorted(mistakes, key=lambda mistake: places.get(mistake.key.partition(".")[0], len(places))))


def _follows_from_another(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Pydantic counts the good entries alone: a list is then too short because one of it is wrong, said already."""
    within = (other["loc"][:-1] == detail["loc"] for other in details)
    return detail["type"] == "too_short" and any(within)


def _key(detail: ErrorDetails) -> str:
    parts = [str(part) for part in detail["loc"] if part != "[key]"]
    kind = _KINDS.get(parts[2]) if len(parts) > 2 else None
    if kind is not None and len(parts) > kind:
        del parts[kind]
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        parts.append("kind")
    return ".".join(parts)


def _wording(detail: ErrorDetails) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    match kind:
        case "missing" | "union_tag_not_found":
            return "is missing", "add it"
        case "extra_forbidden":
            return "is not a setting", "remove it, or look for a typing error (`understudy init` shows every key)"
        case "literal_error" | "enum":
            return "is none of the values allowed here", f"use {context.get('expected', '')}"
        case "union_tag_invalid":
            return "is none of the values allowed here", f"use {context.get('expected_tags', '')}"
        case "string_pattern_mismatch":
            return "does not look right", _pattern_in_words(str(context.get("pattern", "")))
        case "value_error":
            return "cannot be used", str(context.get("error", ""))
        case "too_short":
            return "has too few entries", f"give at least {context.get('min_length', 1)}"
        case _:
            message = detail["msg"]
            return "cannot be used", message[:1].lower() + message[1:]


def _pattern_in_words(pattern: str) -> str:
    words = {
        "^[UW]": "use a Slack user id such as U024BE7LH (in Slack: profile, …, Copy member ID)",
        "^S[": "use a Slack user group id such as S0614TZR7",
        "^[CGD]": "use a Slack channel id such as C024BE91L (in Slack: channel details, at the bottom)",
        "^[A-Za-z0-9_][": "use letters, digits and _ . - , beginning with none of the last two",
        "^/[A-Za-z0-9_": "write a whole path of letters, digits and _ . @ + - (it stands in commands on other hosts)",
        r"^/[^\x00": "write a whole path, beginning with /",
        "^([0-9A-F]{40}": "write the whole fingerprint without spaces, in capitals (gpg --fingerprint)",
        "^[A-Za-z0-9_./@": "write the first words of a command, such as ssh -q postgres@10.0.0.11",
        "^[A-Za-z0-9_.:-]": "use letters, digits and _ . : - (HAProxy's rule for names)",
        r"^(\[[0-9A-Fa-f:.]+\]": "write host:port, such as 10.0.0.1:5432 or [2001:db8::1]:5432",
        "^[a-z][": "use lower case letters, digits, - and _, beginning with a letter",
        "^[a-z0-9_]": "use lower case letters, digits and _ (PostgreSQL's rule for slot names)",
    }
    return next((text for start, text in words.items() if pattern.startswith(start)), f"it must match {pattern}")


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """The known word that is most like this one, where one is like it at all."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None


def _nearest(word: str, known: tuple[str, ...]) -> str:
    found = nearest(word, known)
    return f"did you mean {PREFIX}{found.upper()}…," if found else "correct its name"
