"""What the settings say of the audit log's witnesses, as the parts that serve it."""

from datetime import timedelta

from bot.settings import Settings
from bot.witness.keeper import Witnesses
from bot.witness.store import Bucket, S3Store, s3_client
from ledger.signing import KeyUnusable, SigningKey, read_signing_key

NO_KEY = "audit.signing_key_file is not set"


def witnesses_of(settings: Settings) -> Witnesses:
    """A key that cannot be used keeps nobody from starting: what is missing is said wherever it would be seen."""
    key, why = signing_key_of(settings)
    audit = settings.audit
    store = store_of(settings) if key is not None else None
    return Witnesses(key, why, channel=audit.post_channel, post_at=audit.post_at, store=store)


def signing_key_of(settings: Settings) -> tuple[SigningKey | None, str | None]:
    """The key, or why there is none."""
    file = settings.audit.signing_key_file
    if file is None:
        return None, NO_KEY
    try:
        return read_signing_key(settings.path(file)), None
    except KeyUnusable as error:
        return None, str(error)


def store_of(settings: Settings) -> S3Store | None:
    s3 = settings.audit.s3
    if s3 is None:
        return None
    prefix = s3.prefix if not s3.prefix or s3.prefix.endswith("/") else f"{s3.prefix}/"
    bucket = Bucket(s3.bucket, prefix, timedelta(days=s3.retain_days), s3.mode)
    return S3Store(s3_client(s3.region, s3.endpoint_url), bucket)
