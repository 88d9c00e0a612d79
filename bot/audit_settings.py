"""The settings of the audit log's witnesses: who signs it, where its head is posted, where it is written."""

from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from bot.settings_mistakes import Mistake
from bot.settings_types import Section, SlackChannel, parse_clock


class S3Settings(Section):
    """A bucket with Object Lock. Credentials come the way boto3 finds them (environment, instance profile)."""

    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    bucket: Annotated[str, StringConstraints(min_length=3, max_length=63)]
    prefix: Annotated[str, StringConstraints(max_length=200)] = "understudy/"
    region: str | None = None
    endpoint_url: str | None = None
    retain_days: Annotated[int, Field(ge=1, le=36500)] = 365
    mode: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"


class AuditSettings(Section):
    """`post_at` is UTC."""

    signing_key_file: Path | None = None
    post_channel: SlackChannel | None = None
    post_at: time = time(9)
    s3: S3Settings | None = None

    @field_validator("post_at", mode="before")
    @classmethod
    def _clock(cls, value: object) -> object:
        return parse_clock(value, 'write a time of day, UTC, such as "09:00"')


def mistakes_in_audit(raw: Mapping[str, Any], directory: Path) -> Iterator[Mistake]:
    """What the section's shape cannot say."""
    section = raw.get("audit")
    if not isinstance(section, Mapping):
        return
    file = section.get("signing_key_file")
    if isinstance(file, str | Path):
        if not (directory / file).is_file():
            right = f"make it with `understudy audit key new {file}`, or correct the path"
            yield Mistake("audit.signing_key_file", "names a file that is not there", right)
        return
    for key in ("post_channel", "s3"):
        if key in section:
            yield Mistake(f"audit.{key}", "needs a key to sign with", "add audit.signing_key_file")
