"""Which version of Understudy is played."""

import subprocess


def version_of_this() -> str:
    """The commit, and whether files were changed since; "not known" where there is no repository."""
    argv = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    return said.stdout.strip() or "not known"
