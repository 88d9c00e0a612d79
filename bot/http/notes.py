"""POST /notes: what a pipeline deploys, as `/ha note` would have it from a person.

    curl -H "Authorization: Bearer $TOKEN" -d '{"note": "deploy 214", "cluster": "shop", "by": "CI"}' …/notes

`cluster` left out: it concerns all of them. `id`: the same one again is counted once.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.http.bearer import REFUSED, answer, has_token
from commands.tidy import LONGEST_REASON, tidy
from ledger.audit import Actor, AuditEntry, AuditKind, append
from ledger.errors import LedgerError
from ledger.ledger import Ledger

_log = structlog.get_logger(__name__)


class SentNote(BaseModel):
    """What is posted."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]
    cluster: str | None = None
    by: Annotated[str, Field(min_length=1, max_length=60)] = "a machine"
    id: Annotated[str | None, Field(min_length=1, max_length=100)] = None


class NotesHook:
    """The route. Without a token, `routes` has none."""

    def __init__(
        self, token: SecretStr | None, ledger: Ledger, clusters: Collection[str], now: Callable[[], datetime]
    ) -> None:
        self._token, self._ledger, self._clusters, self._now = token, ledger, frozenset(clusters), now

    def routes(self) -> tuple[web.RouteDef, ...]:
        return (web.post("/notes", self._take),) if self._token is not None else ()

    async def _take(self, request: web.Request) -> web.Response:
        if not has_token(request, self._token):
            return answer(401, REFUSED)
        try:
            sent = SentNote.model_validate_json(await request.read())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            return answer(400, f"{'.'.join(map(str, first['loc'])) or 'the body'}: {first['msg']}")
        note = tidy(sent.note)
        if not note:
            return answer(400, "note: it has no words")
        if sent.cluster is not None and sent.cluster not in self._clusters:
            return answer(400, f"cluster: there is none of that name; there are {', '.join(sorted(self._clusters))}")
        try:
            repeated = await self._ledger.write(lambda db: append(db, self._entry(sent, note)).repeated)
        except LedgerError as error:
            _log.error("notes.not_recorded", error=str(error))
            return answer(503, "the ledger cannot take it now: send it again")
        return answer(200, "noted before" if repeated else "noted")

    def _entry(self, sent: SentNote, note: str) -> AuditEntry:
        return AuditEntry(
            at=self._now(),
            kind=AuditKind.NOTE,
            actor=Actor("webhook", tidy(sent.by) or "a machine", "http"),
            cluster=sent.cluster,
            details={"note": note},
            key=None if sent.id is None else f"note:webhook:{sent.id}",
        )
