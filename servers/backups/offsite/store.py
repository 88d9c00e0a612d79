"""An object store that speaks S3: Amazon's, Backblaze B2, MinIO and their like.

Each body goes with its MD5 (Content-MD5), which every one of them checks; B2 refuses boto3's own newer checksums:
https://www.backblaze.com/docs/cloud-storage-s3-compatible-api. boto3 blocks, so each call is in a thread of its own.
It takes 13 MB once it is imported: who keeps nothing off site does without.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, TypeVar

from servers.blocking import in_thread
from servers.engines.engine import ActionFailed

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

T = TypeVar("T")

_CALL_SECONDS = 300.0  # for a part; read_timeout ends one that stands still
_TRIES = 5
_FIRST_PAUSE = 0.5  # seconds; doubled for each one that follows


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its bytes, its ETag without quotation marks, and when it was written, in seconds since 1970."""

    size: int
    etag: str
    modified: int | None = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A multipart upload that was begun, with the parts that are there, by number."""

    upload_id: str
    parts: Mapping[int, Stored]


class ObjectStore:
    """One bucket. Everything raises ActionFailed, with what the store said; passing trouble is waited out first."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    async def objects(self, prefix: str) -> dict[str, Stored]:
        """Every object below the prefix, by its whole key."""

        def look() -> dict[str, Stored]:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            rows = (row for page in pages for row in page.get("Contents", ()))
            return {
                row["Key"]: Stored(row["Size"], row["ETag"].strip('"'), int(row["LastModified"].timestamp()))
                for row in rows
            }

        return await self._call(prefix, look)

    async def get(self, key: str) -> bytes:
        """A small object."""

        def read() -> bytes:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

        return await self._call(key, read)

    async def read(self, key: str, offset: int, size: int) -> bytes:
        """Bytes of an object, from `offset` on, which is within it."""

        def read() -> bytes:
            ranged = f"bytes={offset}-{offset + size - 1}"
            return self._client.get_object(Bucket=self._bucket, Key=key, Range=ranged)["Body"].read()

        return await self._call(key, read)

    async def put(self, key: str, body: bytes | IO[bytes], md5: bytes) -> str:
        """Write an object as a whole; its ETag."""

        def write() -> str:
            _rewind(body)
            answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentMD5=_base64(md5))
            return answer["ETag"].strip('"')

        return await self._call(key, write)

    async def unfinished(self, key: str) -> Unfinished | None:
        """The newest upload of that object that was begun and not ended."""

        def look() -> Unfinished | None:
            rows = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key).get("Uploads", [])
            rows = sorted((row for row in rows if row["Key"] == key), key=lambda row: row["Initiated"])
            if not rows:
                return None
            upload = rows[-1]["UploadId"]
            pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload)
            parts = {
                part["PartNumber"]: Stored(part["Size"], part["ETag"].strip('"'))
                for page in pages
                for part in page.get("Parts", ())
            }
            return Unfinished(upload, parts)

        return await self._call(key, look)

    async def begin(self, key: str) -> Unfinished:
        """Begin a multipart upload."""
        answer = await self._call(key, lambda: self._client.create_multipart_upload(Bucket=self._bucket, Key=key))
        return Unfinished(answer["UploadId"], {})

    async def put_part(self, key: str, upload_id: str, number: int, body: IO[bytes], md5: bytes) -> None:
        def write() -> None:
            _rewind(body)
            self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                Body=body,
                ContentMD5=_base64(md5),
            )

        await self._call(key, write)

    async def complete(self, key: str, upload_id: str, etags: Sequence[str]) -> str:
        """Make the object of its parts, whose ETags are given in order; its own ETag."""
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
        answer = await self._call(
            key,
            lambda: self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            ),
        )
        return answer["ETag"].strip('"')

    async def _call(self, what: str, work: Callable[[], T]) -> T:
        """`what` is named where it fails."""
        from botocore.exceptions import BotoCoreError, ClientError

        from servers.aws import may_pass, reason_of

        pause = _FIRST_PAUSE
        for number in range(1, _TRIES + 1):
            try:
                return await in_thread(work, _CALL_SECONDS)
            except (ClientError, BotoCoreError) as error:
                if number == _TRIES or not may_pass(error):
                    raise ActionFailed(f"the store says of {what}: {reason_of(error)}") from error
            except TimeoutError:
                if number == _TRIES:
                    raise ActionFailed(f"the store has not answered for {what} within {_CALL_SECONDS:g} s") from None
            await asyncio.sleep(pause)
            pause *= 2
        raise AssertionError("the loop ends by itself")


def s3_client(region: str | None, endpoint_url: str | None) -> "S3Client":
    """Credentials come the way boto3 finds them. Nothing is connected yet."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"total_max_attempts": 1, "mode": "standard"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client("s3", region_name=region, endpoint_url=endpoint_url, config=config)


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def _rewind(body: bytes | IO[bytes]) -> None:
    """A try before may have read it."""
    if not isinstance(body, bytes):
        body.seek(0)
