"""What is logged: our own lines and the libraries', and no secret in either."""

import logging

import pytest
import structlog

from bot.logs import configure_logging
from bot.settings import LogSettings
from ledger.redact import REPLACEMENT, Redactor

SECRET = "xoxb-very-secret-word"

pytestmark = pytest.mark.usefixtures("logging_as_it_was")


@pytest.mark.parametrize("how", ["json", "console"])
def test_no_secret_is_logged_in_whatever_part_of_a_line(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings.model_validate({"format": how}), Redactor([SECRET]))
    ours, library = structlog.get_logger("ours"), logging.getLogger("aiohttp.client")
    ours.error(f"said {SECRET}", url=f"wss://host/?token={SECRET}", nested={"deep": [SECRET]})
    library.error("connecting to %s", f"postgresql://user:{SECRET}@host")
    for log in (ours, library):
        try:
            raise RuntimeError(f"password={SECRET}")
        except RuntimeError:
            log.exception("it broke")
    written = capsys.readouterr().err
    assert SECRET not in written
    assert written.count(REPLACEMENT) >= 6
    assert "RuntimeError" in written
