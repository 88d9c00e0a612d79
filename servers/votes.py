"""Whether a primary that does not speak to us is down, or only out of our sight: more than one viewpoint decides.

Nothing here is asked of a primary that answers by SQL.
"""

from servers.state import Outcome, PeerReply
from servers.views import View


def primary_is_down(primary: View, standbys: list[View], witnessed: PeerReply = PeerReply.NOT_TRIED) -> bool:
    """The bot's SQL fails, and another viewpoint agrees:

    - its host shows no postmaster, or a stopped one, or one that does not answer its own host either; or
    - PostgreSQL itself says that it takes nobody, and the standby hears no more of it than we do; or
    - its host is silent too, and a standby neither streams from it nor gets a response of its own, and none does; where
      its own try is not known, the witness's counts.

    `witnessed` is what the cluster's witness hears from the primary: where it accepts, nobody calls it down.
    """
    if primary.sql_outcome is Outcome.NOT_ASKED:
        return False
    if primary.postmaster_gone:
        return True
    if witnessed is PeerReply.ACCEPTING or any(_reaches(standby, primary) for standby in standbys):
        return False
    if primary.host is not None and primary.own_try is PeerReply.NO_RESPONSE:
        return primary.sql_outcome is not Outcome.DENIED
    if primary.sql_outcome is Outcome.STARTING:
        refused = any(_gets(standby, primary, _REFUSED, witnessed) for standby in standbys)
        return primary.own_try is PeerReply.REJECTING or refused
    if primary.host is not None or primary.sql_outcome is Outcome.DENIED:
        return False
    return any(_gets(standby, primary, _SILENT, witnessed) for standby in standbys)


def primary_is_up(primary: View, standbys: list[View], witnessed: PeerReply = PeerReply.NOT_TRIED) -> bool:
    """Somebody else sees it: a standby streams from it or reaches it, the witness does, its host shows that it runs,
    or it refused us.
    """
    seen = witnessed is PeerReply.ACCEPTING or any(_reaches(standby, primary) for standby in standbys)
    return seen or primary.alive or primary.sql_outcome is Outcome.DENIED


_SILENT = frozenset({PeerReply.NO_RESPONSE})
_REFUSED = frozenset({PeerReply.NO_RESPONSE, PeerReply.REJECTING})


def _reaches(standby: View, primary: View) -> bool:
    tried = standby.host.peer(primary.name) if standby.host else PeerReply.NOT_TRIED
    return standby.hears(primary) or tried is PeerReply.ACCEPTING


def _gets(standby: View, primary: View, replies: frozenset[PeerReply], witnessed: PeerReply) -> bool:
    """The standby was seen, hears nothing, and its own try of the primary (else the witness's) had such a reply."""
    silent = standby.sql is not None and standby.streams is not None and not standby.hears(primary)
    own = standby.host.peer(primary.name) if standby.host is not None else PeerReply.NOT_TRIED
    return silent and (witnessed if own is PeerReply.NOT_TRIED else own) in replies
