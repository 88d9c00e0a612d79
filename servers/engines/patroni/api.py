"""Patroni's REST API: each call has a deadline, and the members are tried in turn.

https://patroni.readthedocs.io/en/latest/rest_api.html
"""

import asyncio
import base64
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed
from servers.inventory import PatroniPlace

Body = Mapping[str, object]

_MOST_BYTES = 1_000_000
_MOST_WORDS = 300  # characters of what Patroni says that are passed on


@dataclass(frozen=True, slots=True)
class Reply:
    """What a member said. `status` is HTTP's."""

    member: str
    status: int
    text: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class NoMemberAnswers(ActionFailed):
    """Nothing was done: no member could be reached."""


class PatroniApi:
    """The REST API of a cluster's members."""

    def __init__(self, place: PatroniPlace) -> None:
        self._place = place
        self._tls: ssl.SSLContext | None = None

    async def ask(self, path: str, *, member: str | None = None, timeout: float) -> Reply:
        """GET. Every member has a share of the time, so that one that hangs does not use up all of it."""
        deadline = Deadline(timeout)
        members = self._members(member)
        wrong: list[tuple[str, str]] = []
        for left, name in zip(range(len(members), 0, -1), members, strict=True):
            try:
                reply = await self._request("GET", name, path, None, deadline.left() / left)
            except ActionFailed as failed:
                wrong.append((name, str(failed)))
                continue
            if reply.ok:
                return reply
            wrong.append((name, f"HTTP {reply.status}, {_short(reply.text)}"))
        raise NoMemberAnswers(f"Patroni does not answer: {_each_once(wrong)}.")

    async def act(
        self, method: str, path: str, body: Body | None = None, *, member: str | None = None, timeout: float
    ) -> Reply:
        """A call that changes something. Another member is tried only where this one was certainly not reached.

        Raises ActionFailed where Patroni refuses, with its own words.
        """
        deadline = Deadline(timeout)
        wrong: list[tuple[str, str]] = []
        for name in self._members(member):
            try:
                reply = await self._request(method, name, path, body or {}, deadline.left())
            except _NotReached as failed:
                wrong.append((name, str(failed)))
                continue
            if not reply.ok:
                raise ActionFailed(_refusal(method, path, reply), output=reply.text)
            return reply
        raise NoMemberAnswers(f"Patroni was not reached, so nothing was done: {_each_once(wrong)}.")

    def _members(self, member: str | None) -> Sequence[str]:
        names = [name for name, _ in self._place.members]
        if member is None:
            return names
        if member not in names:
            raise ActionFailed(f"The settings have no address of Patroni on {member}. Add it to patroni.members.")
        return [member]

    async def _request(self, method: str, member: str, path: str, body: Body | None, seconds: float) -> Reply:
        url = dict(self._place.members)[member].rstrip("/") + path
        try:
            async with (
                asyncio.timeout(seconds),
                aiohttp.ClientSession(headers=_authorisation(self._place)) as session,
                session.request(method, url, json=body, ssl=self._context(), allow_redirects=False) as answer,
            ):
                text = (await answer.content.read(_MOST_BYTES)).decode(errors="replace")
                return Reply(member, answer.status, text)
        except aiohttp.ClientConnectorError as error:
            raise _NotReached(f"{member}: {_why(error)}") from None
        except TimeoutError:
            raise ActionFailed(
                f"{member}: Patroni did not answer {method} {path} within {seconds:.1f} s. Look: /ha status"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ActionFailed(f"{member}: {_why(error)}") from None

    def _context(self) -> ssl.SSLContext | bool:
        """True: the machine's own certificate authorities."""
        place = self._place
        if place.ca_file is None and place.certificate is None:
            return True
        if self._tls is None:
            try:
                self._tls = ssl.create_default_context(cafile=place.ca_file)
                if place.certificate is not None:
                    self._tls.load_cert_chain(place.certificate, place.key)
            except OSError as error:
                raise ActionFailed(f"Patroni's certificates cannot be read: {error}. Correct patroni.ca_file") from None
        return self._tls


class _NotReached(ActionFailed):
    """No connection came about: nothing was asked."""


def _authorisation(place: PatroniPlace) -> dict[str, str]:
    """In UTF-8, as Patroni reads it: https://www.rfc-editor.org/rfc/rfc7617"""
    if place.user is None:
        return {}
    pair = f"{place.user}:{place.password or ''}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _refusal(method: str, path: str, reply: Reply) -> str:
    mend = {401: "Correct patroni.user and patroni.password", 403: "Correct Patroni's restapi.allowlist"}
    then = mend.get(reply.status, "Look: /ha status")
    return f"Patroni on {reply.member} refused {method} {path}: {_short(reply.text)} (HTTP {reply.status}). {then}."


def _short(text: str) -> str:
    line = " ".join(text.split()) or "no words"
    return line if len(line) <= _MOST_WORDS else f"{line[: _MOST_WORDS - 1]}…"


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        refused = error.certificate_error
        why = refused.verify_message if isinstance(refused, ssl.SSLCertVerificationError) else str(refused)
        return f"its certificate is not accepted ({_short(why)}). Correct patroni.ca_file, or its address"
    return _short(str(error) or type(error).__name__)


def _each_once(wrong: Sequence[tuple[str, str]]) -> str:
    """What is wrong with each member, as (member, what); what is wrong with several in the same way is said once."""
    members: dict[str, list[str]] = {}
    for name, what in wrong:
        members.setdefault(what.removeprefix(f"{name}: ").removesuffix("."), []).append(name)
    return "; ".join(f"{', '.join(names)}: {what}" for what, names in members.items())
