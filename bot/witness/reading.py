"""What S3 holds of a ledger's signed segments, for `understudy audit verify --s3`. Every version is read: whoever
overwrites or deletes an object under Object Lock only adds a version or a marker."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from bot.witness.store import ledger_prefix, s3_client
from ledger.audit_chain import Witness
from ledger.audit_segments import NoStatement, read_signed

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


class WitnessUnreadable(Exception):
    """S3 could not be asked. The message says what was seen."""


@dataclass(frozen=True, slots=True)
class WitnessesFound:
    """The statements that S3 holds, and `findings`: whatever there is not as it should be, a line each."""

    place: str
    witnesses: tuple[Witness, ...]
    findings: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.place} holds {len(self.witnesses)} signed heads of this ledger."
        yield from self.findings


def ledger_named_in(lines: Iterable[str]) -> str | None:
    """The id in the last line of an export; None where it names none."""
    last = "".join(deque(lines, maxlen=1))
    try:
        name = json.loads(last)["head"]["ledger"]
    except (ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def read_witnesses(url: str, region: str | None, endpoint: str | None, ledger: str | None) -> WitnessesFound:
    """`url` is s3://BUCKET/PREFIX. Raises WitnessUnreadable."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise WitnessUnreadable("--s3 takes s3://BUCKET/PREFIX, as in the settings' [audit.s3]")
    if ledger is None:
        raise WitnessUnreadable("The export does not say which ledger it is of (its last line is missing)")
    prefix = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    try:
        return _Reading(s3_client(region, endpoint), bucket, prefix).of(ledger)
    except ClientError as error:
        raise WitnessUnreadable(f"S3 says {error.response.get('Error', {}).get('Code')} about {url}") from error
    except (BotoCoreError, ValueError) as error:
        raise WitnessUnreadable(f"S3 cannot be asked about {url}: {error}") from error


class _Reading:
    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client, self._bucket, self._prefix = client, bucket, prefix
        self._witnesses: list[Witness] = []
        self._findings: list[str] = []

    def of(self, ledger: str) -> WitnessesFound:
        seen: set[str] = set()
        pages = self._client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._bucket, Prefix=ledger_prefix(self._prefix, ledger)):
            for marker in page.get("DeleteMarkers", ()):
                self._findings.append(
                    f"{marker.get('Key')} was deleted at {marker.get('LastModified')}; the locked version is read."
                )
            for version in page.get("Versions", ()):
                if (key := str(version.get("Key"))) in seen:
                    self._findings.append(f"{key} has more than one version: somebody has overwritten it.")
                seen.add(key)
                self._read(key, str(version.get("VersionId")))
        if not self._witnesses:
            others = self._other_ledgers()
            also = f" It holds those of {', '.join(others)}: was this log made anew?" if others else ""
            self._findings.append(f"S3 holds no signed head of this ledger ({ledger}).{also}")
        place = f"s3://{self._bucket}/{self._prefix}"
        return WitnessesFound(place, tuple(self._witnesses), tuple(self._findings))

    def _read(self, key: str, version: str) -> None:
        answer: Any = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version)
        if not answer.get("ObjectLockMode"):
            self._findings.append(f"{key} is not locked: it proves nothing against those who may write there.")
        body = answer["Body"].read().decode("utf-8", "replace")
        try:
            self._witnesses.append(Witness(f"{key} in S3", read_signed(body.removesuffix("\n"))))
        except NoStatement as wrong:
            self._findings.append(f"{key} cannot be read as a signed head: {wrong}.")

    def _other_ledgers(self) -> list[str]:
        answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, Delimiter="/")
        prefixes = (str(each.get("Prefix")) for each in answer.get("CommonPrefixes", ()))
        return [prefix.removeprefix(self._prefix).rstrip("/") for prefix in prefixes]
