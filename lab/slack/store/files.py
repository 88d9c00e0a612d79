"""Uploaded files. Slack scans a file after the upload is completed; until then no image block may show it."""

from __future__ import annotations

import mimetypes
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.slack.errors import JSON, SlackError

_IMAGES = ("image/png", "image/jpeg", "image/gif")


@dataclass(slots=True)
class StoredFile:
    id: str
    name: str
    upload_token: str
    user_id: str
    created: int
    content: bytes | None = None
    title: str = ""
    completed_at: float | None = None
    channels: list[str] = field(default_factory=list)

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


@dataclass(slots=True)
class Files:
    """Files by id; `processing` is how many seconds Slack takes to look at one after its upload is completed."""

    processing: float = 0.3
    clock: Callable[[], float] = time.monotonic
    base_url: str = ""
    _files: dict[str, StoredFile] = field(default_factory=dict)

    def start(self, name: str, user_id: str) -> tuple[StoredFile, str]:
        """A new file waiting for its bytes, and the URL to send them to."""
        file = StoredFile(
            id=f"F0{secrets.token_hex(4).upper()}",
            name=name,
            upload_token=secrets.token_urlsafe(24),
            user_id=user_id,
            created=int(time.time()),
        )
        self._files[file.id] = file
        return file, f"{self.base_url}/upload/v1/{file.upload_token}"

    def receive(self, upload_token: str, content: bytes) -> StoredFile | None:
        """Takes the bytes for an upload URL; None if that URL is unknown or its upload is already complete."""
        for file in self._files.values():
            if file.upload_token == upload_token and file.completed_at is None:
                file.content = content
                return file
        return None

    def complete(self, file_id: str, title: str | None) -> StoredFile:
        """Raises SlackError `file_not_found` when no bytes came for this id, or it was completed before."""
        file = self._files.get(file_id)
        if file is None or file.content is None or file.completed_at is not None:
            raise SlackError("file_not_found")
        file.title = title or file.name
        file.completed_at = self.clock()
        return file

    def get(self, file_id: str) -> StoredFile:
        """Raises SlackError `file_not_found` unless the upload of this file was completed."""
        file = self._files.get(file_id)
        if file is None or file.completed_at is None:
            raise SlackError("file_not_found")
        return file

    def is_processed(self, file: StoredFile) -> bool:
        return file.completed_at is not None and self.clock() - file.completed_at >= self.processing

    def is_usable(self, reference: Mapping[str, Any]) -> bool:
        """Whether a `slack_file` object (`{"id": …}` or `{"url": …}`) names an image that Slack has looked at."""
        for file in self._files.values():
            if reference.get("id") == file.id or reference.get("url") in (self.url(file), self.permalink(file)):
                return self.is_processed(file) and file.mimetype in _IMAGES
        return False

    def url(self, file: StoredFile) -> str:
        return f"{self.base_url}/practice/file/{file.id}"

    def permalink(self, file: StoredFile) -> str:
        return f"{self.base_url}/files/{file.user_id}/{file.id}"

    def as_json(self, file: StoredFile) -> JSON:
        """Slack's file object; its types are empty until the file has been processed."""
        processed = self.is_processed(file)
        return {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": file.mimetype if processed else "",
            "filetype": file.name.rpartition(".")[2] if processed else "",
            "pretty_type": file.name.rpartition(".")[2].upper() if processed else "",
            "user": file.user_id,
            "size": len(file.content or b""),
            "mode": "hosted",
            "is_external": False,
            "is_public": bool(file.channels),
            "url_private": self.url(file),
            "url_private_download": self.url(file),
            "permalink": self.permalink(file),
            "channels": list(file.channels),
        }
