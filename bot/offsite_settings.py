"""The settings of copies off site: [clusters.NAME.backups.offsite]."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import ByteSize, Field, StringConstraints

from bot.settings_mistakes import Mistake
from bot.settings_types import Section
from servers.inventory import OffsitePlace

Bucket = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._-]+/)*$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#@]+/?$")]
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class OffsiteSettings(Section):
    """A bucket of S3, Backblaze B2 or the like. Credentials come from where boto3 finds them. `bandwidth` a second."""

    bucket: Bucket
    prefix: Prefix = "understudy/"
    region: str | None = None
    endpoint_url: Url | None = None
    bandwidth: Annotated[ByteSize, Field(ge=65536)] | None = None
    unencrypted: bool = False


def offsite_place(section: OffsiteSettings) -> OffsitePlace:
    """The value that the other packages know."""
    return OffsitePlace(
        bucket=section.bucket,
        prefix=section.prefix,
        region=section.region,
        endpoint_url=section.endpoint_url,
        bandwidth=float(section.bandwidth) if section.bandwidth else None,
    )


def mistakes_in_offsite(key: str, backups: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say; `backups` is the section that the one about off site is in, `key` where it stands."""
    offsite = backups.get("offsite")
    if not isinstance(offsite, Mapping):
        return
    if not backups.get("encryption") and offsite.get("unencrypted") is not True:
        right = "set backups.encryption, or unencrypted = true if whoever can read the bucket may read the data"
        yield Mistake(f"{key}.offsite", "would leave unencrypted data with others", right)
    if speaks_in_the_clear(offsite.get("endpoint_url")):
        yield Mistake(f"{key}.offsite.endpoint_url", "sends data over the network in the clear", "use https://")


def speaks_in_the_clear(url: object) -> bool:
    """Whether data would leave this machine without TLS."""
    return isinstance(url, str) and url.startswith("http://") and not url.startswith(_LOOPBACK)
