"""How far a rewind or a copy is, in one line."""

from ledger.quantities import bytes_text, seconds_text, share_text
from servers.engines.rejoining import JobReport


def progress_line(report: JobReport) -> str:
    """“18 %: 12 GB of 65 GB, 110 MB a second, about 8 min left”, as far as the log tells."""
    copied, total = report.copied, report.total
    if report.verifying:
        share = f": {share_text(min(copied, total) / total)}" if copied is not None and total else ""
        return f"All is copied; it is verified against its manifest{share}"
    if copied is None or not total:
        return f"Under way for {seconds_text(report.seconds)}: {_last(report)}"
    parts = [f"{share_text(min(copied, total) / total)}: {bytes_text(copied)} of {bytes_text(total)}"]
    if report.seconds >= 1 and copied:
        rate = copied / report.seconds
        parts.append(f"{bytes_text(rate)} a second")
        if copied < total:
            parts.append(f"about {seconds_text((total - copied) / rate)} left")
    return ", ".join(parts)


def _last(report: JobReport) -> str:
    lines = report.log.splitlines()
    return lines[-1] if lines else "no word yet"
