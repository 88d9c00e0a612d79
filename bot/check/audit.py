"""The audit log, tried for real: is it whole, can it be signed, does the bucket lock?"""

from bot.check.finding import Finding, Outcome, Unsuccessful, tried
from bot.settings import Settings
from bot.witness.opening import NO_KEY, signing_key_of, store_of
from bot.witness.store import NotWritten
from ledger.audit_chain import Outside, verify
from ledger.audit_segments import last_segment
from ledger.ledger import Ledger
from servers.blocking import in_thread

SUBJECT = "ledger"
S3_SECONDS = 15.0


async def check_audit(settings: Settings, ledger: Ledger) -> list[Finding]:
    """Nothing is written."""
    key, why = signing_key_of(settings)
    findings = [await tried(SUBJECT, "audit log's signing key", lambda: _key(why, key.public.id if key else ""))]
    # Before its first start with a key nothing is signed yet, and nothing is wrong with that.
    signed = await ledger.read(lambda db: last_segment(db) is not None)
    outside = Outside(keys=(key.public,) if key and signed else ())
    findings.append(await tried(SUBJECT, f"audit log in {ledger.path.name}", lambda: _whole(ledger, outside)))
    if settings.audit.s3 is not None:
        what = f"S3 bucket {settings.audit.s3.bucket}"
        findings.append(await tried(SUBJECT, what, lambda: _bucket(settings)))
    return findings


async def _key(why: str | None, name: str) -> str:
    if why == NO_KEY:
        mend = "understudy audit key new audit.key, then set it: else whoever owns this disk can rewrite the log unseen"
        raise Unsuccessful("there is none: the log is chained, not signed", mend, Outcome.WARNING)
    if why is not None:
        raise Unsuccessful(why, "until then the bot runs, and nothing is signed")
    return f"signs as {name[:16]}"


async def _whole(ledger: Ledger, outside: Outside) -> str:
    result = await ledger.read(lambda db: verify(db, outside=outside))
    if not result.ok:
        mend = "keep the file as evidence; restore a copy from a backup"
        raise Unsuccessful(f"record {result.first_bad}: {result.reason}", mend)
    return f"is whole, {result.count} records, signed up to record {result.signed}"


async def _bucket(settings: Settings) -> str:
    mend = (
        "make the bucket with Object Lock, and allow s3:PutObject, s3:PutObjectRetention, s3:GetObject, "
        "s3:GetBucketObjectLockConfiguration"
    )
    store = store_of(settings)
    if store is None:
        raise Unsuccessful("is not set", mend)
    try:
        return await in_thread(store.look, S3_SECONDS)
    except NotWritten as error:
        raise Unsuccessful(str(error), mend) from None
    except TimeoutError:
        raise Unsuccessful(f"does not answer within {S3_SECONDS:g} s", mend) from None
