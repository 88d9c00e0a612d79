"""The kinds of values that the settings' sections are made of."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from ledger.durations import parse_seconds

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def parse_clock(value: object, right: str) -> time:
    """A time of day such as "09:00". ValueError says what is `right`."""
    if isinstance(value, time):
        return value
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(right)
    return time(int(match.group(1)), int(match.group(2)))


def parse_bytes(value: object) -> float:
    """Bytes from a number or a text with a unit. ValueError says what would be right."""
    try:
        return float(TypeAdapter(ByteSize).validate_python(value))
    except ValidationError:
        raise ValueError('write a size with its unit, such as "512KiB", "1MiB" or "16MiB"') from None


Seconds = Annotated[float, BeforeValidator(parse_seconds)]
Port = Annotated[int, Field(ge=1, le=65535)]
# Names stand in commands, file names and environment variables: lower case, no spaces.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
SlackUser = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,20}$")]
SlackGroup = Annotated[str, StringConstraints(pattern=r"^S[A-Z0-9]{2,20}$")]
SlackChannel = Annotated[str, StringConstraints(pattern=r"^[CGD][A-Z0-9]{2,20}$")]


class Section(BaseModel):
    """A table of the settings: what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SshSettings(Section):
    """How a host is reached. Its host key must stand in `known_hosts`."""

    host: str
    port: Port = 22
    user: str
    key_file: Path | None = None
    known_hosts: Path
