"""Logging: structlog for our own lines, the libraries' lines through the same pipe, secrets out of both."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from bot.settings import LogSettings
from ledger.redact import Redactor

# These tell every connection and every job at "info"; what matters of it, we say ourselves.
_QUIET_LIBRARIES = ("aiohttp", "apscheduler", "asyncssh", "slack_bolt", "slack_sdk", "asyncio")


def configure_logging(settings: LogSettings, redactor: Redactor) -> None:
    """Once, at the start of the process: everything goes to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redacting(redactor),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _redacting(redactor: Redactor) -> structlog.typing.Processor:
    def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: _redacted(value, redactor) for key, value in event.items()}

    return redact


def _redacted(value: Any, redactor: Redactor) -> Any:
    """Texts without secrets; other objects as they are, unless writing them out would tell one."""
    if isinstance(value, str):
        return redactor.text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    written = str(value)
    safe = redactor.text(written)
    return value if safe == written else safe
