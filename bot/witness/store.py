"""Signed segments in S3 under Object Lock: written once, never overwritten, not deletable until their time is over.

What S3 promises: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html, and for If-None-Match
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. All of this blocks: call it in a thread.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ledger.audit_segments import Segment, signed_json

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

# Seconds. One try only: whoever calls tries again, and says so.
_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1, "mode": "standard"})
_EXISTS = ("PreconditionFailed", "ConditionalRequestConflict", "412")


class NotWritten(Exception):
    """The segment was not written, or something else stands in its place. The message says what was seen."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where, for how long, and how strictly. `prefix` ends with a slash, or is empty."""

    name: str
    prefix: str
    retain: timedelta
    mode: Literal["COMPLIANCE", "GOVERNANCE"]


class S3Store:
    """Writes segments."""

    def __init__(self, client: "S3Client", bucket: Bucket) -> None:
        self._client = client
        self._bucket = bucket

    def write(self, segment: Segment, now: datetime) -> str:
        """Where it stands now: "s3://…". A segment that stands there already is only compared. Raises NotWritten."""
        key = object_key(self._bucket.prefix, segment)
        body = object_body(segment)
        place = f"s3://{self._bucket.name}/{key}"
        try:
            self._client.put_object(
                Bucket=self._bucket.name,
                Key=key,
                Body=body,
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode("ascii"),
                IfNoneMatch="*",
                ObjectLockMode=self._bucket.mode,
                ObjectLockRetainUntilDate=now + self._bucket.retain,
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _EXISTS:
                raise NotWritten(f"S3 says {_said(error)}") from error
            self._compare(key, body)
        except BotoCoreError as error:
            raise NotWritten(f"S3 does not answer: {error}") from error
        return place

    def look(self) -> str:
        """What `understudy check` needs to know: that the bucket locks. Raises NotWritten. Writes nothing."""
        try:
            answer = self._client.get_object_lock_configuration(Bucket=self._bucket.name)
        except ClientError as error:
            raise NotWritten(f"S3 says {_said(error)}") from error
        except BotoCoreError as error:
            raise NotWritten(f"S3 does not answer: {error}") from error
        state = answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled")
        if state != "Enabled":
            raise NotWritten("Object Lock is not enabled for the bucket")
        return f"locks objects; segments stay {self._bucket.retain.days} days, {self._bucket.mode}"

    def _compare(self, key: str, body: bytes) -> None:
        """An answer that was lost, or somebody else's object."""
        try:
            found = self._client.get_object(Bucket=self._bucket.name, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise NotWritten(f"{key} is there already and cannot be read: {type(error).__name__}") from error
        if found != body:
            raise NotWritten(f"{key} is there already with another content: somebody else wrote it")


def s3_client(region: str | None, endpoint_url: str | None) -> "S3Client":
    """Credentials come the way boto3 finds them. Nothing is connected yet."""
    return boto3.client("s3", region_name=region, endpoint_url=endpoint_url, config=_CONFIG)


def ledger_prefix(prefix: str, ledger: str) -> str:
    return f"{prefix}{ledger}/"


def object_key(prefix: str, segment: Segment) -> str:
    """Sorted by number, and different for a different past."""
    return f"{ledger_prefix(prefix, segment.ledger)}{segment.number:08d}-{segment.head}.json"


def object_body(segment: Segment) -> bytes:
    return f"{signed_json(segment.statement, segment.signature)}\n".encode("ascii")


def _said(error: ClientError) -> str:
    said = error.response.get("Error", {})
    return f"{said.get('Code', 'nothing')}: {said.get('Message', '')}".rstrip(": ")
