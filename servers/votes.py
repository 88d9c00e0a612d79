"""Whether a primary that does not speak to us is down, or only out of our sight: more than one viewpoint decides.

Nothing here is asked of a primary that answers by SQL.
"""

from servers.state import Outcome, PeerReply
from servers.views import View


def primary_is_down(primary: View, standbys: list[View]) -> bool:
    """The bot's SQL fails, and another viewpoint agrees:

    - its host shows no postmaster, or a stopped one, or one that does not answer its own host either; or
    - PostgreSQL itself says that it takes nobody, and the standby hears no more of it than we do; or
    - its host is silent too, and a standby neither streams from it nor gets a response of its own, and none does.
    """
    if primary.sql_outcome is Outcome.NOT_ASKED:
        return False
    if primary.postmaster_gone:
        return True
    if any(_reaches(standby, primary) for standby in standbys):
        return False
    if primary.host is not None and primary.own_try is PeerReply.NO_RESPONSE:
        return primary.sql_outcome is not Outcome.DENIED
    if primary.sql_outcome is Outcome.STARTING:
        return primary.own_try is PeerReply.REJECTING or any(_gets(standby, primary, _REFUSED) for standby in standbys)
    if primary.host is not None or primary.sql_outcome is Outcome.DENIED:
        return False
    return any(_gets(standby, primary, _SILENT) for standby in standbys)


def primary_is_up(primary: View, standbys: list[View]) -> bool:
    """Somebody else sees it: a standby streams from it or reaches it, its host shows that it runs, or it refused us."""
    seen = any(_reaches(standby, primary) for standby in standbys)
    return seen or primary.alive or primary.sql_outcome is Outcome.DENIED


_SILENT = frozenset({PeerReply.NO_RESPONSE})
_REFUSED = frozenset({PeerReply.NO_RESPONSE, PeerReply.REJECTING})


def _reaches(standby: View, primary: View) -> bool:
    tried = standby.host.peer(primary.name) if standby.host else PeerReply.NOT_TRIED
    return standby.hears(primary) or tried is PeerReply.ACCEPTING


def _gets(standby: View, primary: View, replies: frozenset[PeerReply]) -> bool:
    """The standby was seen, hears nothing, and its own try of the primary had one of these replies."""
    silent = standby.sql is not None and standby.streams is not None and not standby.hears(primary)
    return silent and standby.host is not None and standby.host.peer(primary.name) in replies
