"""A bucket with Object Lock, played by moto: a server on loopback, so that the real client's own calls are tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from bot.witness.store import Bucket, S3Store, s3_client
from ledger.signing import SigningKey, new_key_file, read_signing_key

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

NAME, PREFIX = "evidence", "understudy/"
REGION = "eu-central-1"


@dataclass(frozen=True, slots=True)
class Vault:
    """The bucket, as the bot and as its owner see it."""

    url: str
    client: "S3Client"
    store: S3Store

    def keys(self) -> list[str]:
        answer = self.client.list_object_versions(Bucket=NAME)
        return [str(version.get("Key")) for version in answer.get("Versions", ())]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def vault(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    s3_backends.reset()
    client = s3_client(REGION, moto_url)
    where = {"LocationConstraint": REGION}
    client.create_bucket(Bucket=NAME, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where)  # type: ignore[arg-type]
    bucket = Bucket(NAME, PREFIX, timedelta(days=30), "GOVERNANCE")
    return Vault(moto_url, client, S3Store(client, bucket))


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    new_key_file(tmp_path / "audit.key")
    return read_signing_key(tmp_path / "audit.key")
