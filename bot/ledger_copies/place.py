"""Where the ledger's copies go, and with which keys."""

from dataclasses import dataclass

from bot.settings import Settings
from servers.inventory import Encryption, OffsitePlace


@dataclass(frozen=True, slots=True)
class CopyPlace:
    """`every` in seconds. `encryption` None: they are not encrypted. Key ring and passphrase are this machine's."""

    store: OffsitePlace
    every: float
    encryption: Encryption | None


def copy_place(settings: Settings) -> CopyPlace | None:
    """None where the settings name no place."""
    section = settings.ledger.offsite
    if section is None:
        return None
    keys = Encryption(section.recipients, section.gpg_home, section.passphrase_file) if section.recipients else None
    return CopyPlace(
        OffsitePlace(section.bucket, section.prefix, section.region, section.endpoint_url), section.every, keys
    )
