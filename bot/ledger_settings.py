"""The settings of the ledger: [ledger], and where copies of it go off site, [ledger.offsite]."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from bot.backup_settings import AbsolutePath, Fingerprint
from bot.offsite_settings import Bucket, Prefix, Url, speaks_in_the_clear
from bot.settings_mistakes import Mistake
from bot.settings_types import Seconds, Section

DEFAULT_EVERY = 300.0


class LedgerOffsiteSettings(Section):
    """A bucket, as for backups. `recipients` are keys in the key ring (`gpg_home`) of the user that the bot runs as.

    `passphrase_file` lies where Understudy runs, and is read by `understudy recover` alone.
    """

    bucket: Bucket
    prefix: Prefix = "understudy/"
    region: str | None = None
    endpoint_url: Url | None = None
    every: Annotated[Seconds, Field(ge=10)] = DEFAULT_EVERY
    recipients: tuple[Fingerprint, ...] = ()
    gpg_home: AbsolutePath | None = None
    passphrase_file: AbsolutePath | None = None
    unencrypted: bool = False


class LedgerSettings(Section):
    path: Path = Path("understudy.sqlite3")
    offsite: LedgerOffsiteSettings | None = None


def mistakes_in_ledger(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """What the shape cannot say."""
    ledger = raw.get("ledger")
    offsite = ledger.get("offsite") if isinstance(ledger, Mapping) else None
    if not isinstance(offsite, Mapping):
        return
    if not offsite.get("recipients") and offsite.get("unencrypted") is not True:
        right = "set recipients, or unencrypted = true if whoever can read the bucket may read who did what"
        yield Mistake("ledger.offsite", "would leave the ledger unencrypted with others", right)
    if speaks_in_the_clear(offsite.get("endpoint_url")):
        yield Mistake("ledger.offsite.endpoint_url", "sends data over the network in the clear", "use https://")
