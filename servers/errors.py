"""What is raised when a server gives no answer."""

from servers.state import Outcome


class ServerUnreachable(Exception):
    """A server gave no answer. `outcome` says in which way, `detail` what happened and what to do, in one line.

    The detail never holds a conninfo or a password. `sent`: what was asked may have arrived and been done, for only its
    answer is known to be missing; without it nothing has been done.
    """

    def __init__(self, outcome: Outcome, detail: str, *, sent: bool = False) -> None:
        super().__init__(detail)
        self.sent = sent
        self.outcome = outcome
        self.detail = detail
