"""Who may post: whoever has the token of the settings."""

import hmac

from aiohttp import web
from pydantic import SecretStr

REFUSED = "the bearer token is missing or wrong"


def has_token(request: web.Request, token: SecretStr | None) -> bool:
    """Whether the request carries it; nobody has one that is not set."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    right = token.get_secret_value() if token else ""
    same = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), right.encode())
    return scheme.lower() == "bearer" and bool(right) and same


def answer(status: int, said: str) -> web.Response:
    return web.json_response({"answer": said}, status=status)
