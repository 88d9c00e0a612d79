"""Reading pg_controldata: https://www.postgresql.org/docs/current/app-pgcontroldata.html, in the C locale."""

from servers.lsn import parse_lsn
from servers.state import ControlData

IN_PRODUCTION = "in production"
SHUT_DOWN = "shut down"


def parse_control_data(text: str) -> ControlData:
    """The lines that matter. ValueError when one is missing or makes no sense."""
    values = control_values(text)
    try:
        return ControlData(
            state=values["Database cluster state"],
            system_identifier=values["Database system identifier"],
            timeline=int(values["Latest checkpoint's TimeLineID"]),
            checkpoint_lsn=parse_lsn(values["Latest checkpoint location"]),
            redo_lsn=parse_lsn(values["Latest checkpoint's REDO location"]),
        )
    except KeyError as missing:
        raise ValueError(f"pg_controldata does not tell {missing}") from None


def control_values(text: str) -> dict[str, str]:
    """Every line, label to value."""
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
