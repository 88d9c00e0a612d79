"""An S3 that has trouble while objects are read: it answers 500, ends an answer half-way, takes its time, or dies."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

Start = Callable[..., Any]
_SLOWLY = 0.05  # seconds


class Trouble(StrEnum):
    FAILS = "answers 500"
    HALF = "ends half-way"
    SLOW = "is slow"


@dataclass(slots=True)
class TroubledS3:
    """`coming` is what becomes of the next reads of an object, one each. `reads`: the ranges that were asked for."""

    coming: list[Trouble] = field(default_factory=list)
    dies_after: int | None = None  # reads that are answered before every one fails
    reads: list[str] = field(default_factory=list)
    port: int = 0
    application: DomainDispatcherApplication = field(
        default_factory=lambda: DomainDispatcherApplication(create_backend_app)
    )

    def __call__(self, environment: dict[str, Any], start: Start) -> Iterable[bytes]:
        ranged = environment.get("HTTP_RANGE")
        if ranged is None:
            return self._answered(environment, start)
        self.reads.append(ranged)
        dead = self.dies_after is not None and len(self.reads) > self.dies_after
        trouble = Trouble.FAILS if dead else self.coming.pop(0) if self.coming else None
        if trouble is Trouble.FAILS:
            start("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        if trouble is Trouble.SLOW:
            time.sleep(_SLOWLY)
        body = b"".join(self._answered(environment, start))
        return [body[: len(body) // 2]] if trouble is Trouble.HALF else [body]

    def _answered(self, environment: dict[str, Any], start: Start) -> Iterable[bytes]:
        answer: Iterable[bytes] = self.application(environment, start)
        return answer


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """The test's output stays as it is."""


@contextmanager
def troubled_s3() -> Iterator[TroubledS3]:
    """Until the block ends; it has what moto has in this process."""
    made = TroubledS3()
    server = make_server("127.0.0.1", 0, made, threaded=True, request_handler=_Silent)
    made.port = server.port
    thread = threading.Thread(target=server.serve_forever, name="troubled S3", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
