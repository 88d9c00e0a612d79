"""Asks a service on the web for JSON, with a deadline, a limit on its answer, and no redirects."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

TIMEOUT = 10.0
LARGEST = 2 * 1024 * 1024

# 408 and 429 ask for another try later, 401 and 403 are about our key, which somebody will mend; any other 4xx is about
# what was asked, and would be the same again.
_OF_THE_MOMENT = (401, 403, 408, 429)


class NotAnswered(Exception):
    """Why there is no answer, without the URL: that may hold a secret. `refused`: asking again would not help."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


async def ask_json(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    timeout: float = TIMEOUT,
) -> Any:
    """The answer's JSON, None where it has no body. Raises NotAnswered."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout), trust_env=True) as session,
            session.request(method, url, headers=headers, params=params, json=body, allow_redirects=False) as response,
        ):
            read = await response.content.read(LARGEST + 1)
            while len(read) <= LARGEST and (more := await response.content.read(LARGEST)):
                read += more
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise NotAnswered(f"no answer: {type(error).__name__}") from None
    if len(read) > LARGEST:
        raise NotAnswered("its answer is too large")
    if response.status >= 300:
        refused = 400 <= response.status < 500 and response.status not in _OF_THE_MOMENT
        raise NotAnswered(f"it answered {response.status}", refused=refused)
    try:
        return json.loads(read) if read else None
    except ValueError:
        raise NotAnswered("its answer is no JSON") from None
