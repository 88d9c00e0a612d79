"""What is raised when a server gives no answer."""

from servers.state import Outcome


class ServerUnreachable(Exception):
    """A server gave no answer. `outcome` says in which way, `detail` what happened and what to do, in one line.

    The detail never holds a conninfo or a password.
    """

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
