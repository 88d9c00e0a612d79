"""An S3 that speaks TLS, as pgBackRest wants one: moto behind a certificate of the test's own."""

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from lab.certificates import make_certificates

BUCKET, REGION, KEY = "practice", "us-east-1", "practice"

Start = Callable[..., Any]


@dataclass(slots=True)
class S3OverTls:
    """`failing` is a request method ("PUT") to which it answers 500 for as long as that stands."""

    port: int
    authority: Path
    failing: str = ""
    application: DomainDispatcherApplication = field(
        default_factory=lambda: DomainDispatcherApplication(create_backend_app)
    )

    def configuration(self, number: int, authority: Path) -> str:
        """The lines of pgBackRest's configuration for a repository. `authority`: its certificate, as it may read it."""
        lines = {
            "type": "s3",
            "path": "/shop",
            "s3-bucket": BUCKET,
            "s3-endpoint": "localhost",  # it looks for names alone in a certificate
            "s3-region": REGION,
            "s3-key": KEY,
            "s3-key-secret": KEY,
            "s3-uri-style": "path",
            "storage-port": self.port,
            "storage-ca-file": authority,
            "bundle": "y",
            "retention-full": 2,
        }
        return "".join(f"repo{number}-{name}={value}\n" for name, value in lines.items())

    def __call__(self, environment: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environment["REQUEST_METHOD"] == self.failing:
            environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
            start("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        answer: Iterable[bytes] = self.application(environment, start)
        return answer


class _Polite(WSGIRequestHandler):
    """Every connection ends with its answer, and by TLS's own word: to pgBackRest a mere end would be a broken one."""

    def finish(self) -> None:
        super().finish()
        self.connection.settimeout(0.1)  # it need not answer
        with suppress(OSError):
            self.connection.unwrap()

    def log(self, *_: Any) -> None:
        """The test's output stays as it is."""


@contextmanager
def s3_over_tls(directory: Path) -> Iterator[S3OverTls]:
    """With an empty bucket, until the block ends; its certificates are in `directory`."""
    authority, certificate, key = make_certificates(directory, ("127.0.0.1", "localhost"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    made = S3OverTls(0, authority)
    server = make_server("127.0.0.1", 0, made, threaded=True, request_handler=_Polite, ssl_context=tls)
    made.port = server.port
    thread = threading.Thread(target=server.serve_forever, name="S3 over TLS", daemon=True)
    thread.start()
    try:
        client = boto3.client(
            "s3", endpoint_url=f"https://127.0.0.1:{made.port}", region_name=REGION, verify=str(authority),
            aws_access_key_id=KEY, aws_secret_access_key=KEY, config=Config(s3={"addressing_style": "path"}),
        )  # fmt: skip
        client.create_bucket(Bucket=BUCKET)
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
