"""Every command there is, a line each, in the order in which help lists them."""

from commands.access import Access
from commands.alerts import Alerts
from commands.archive import Archive
from commands.audit import Audit
from commands.authority import ACKNOWLEDGE, VIEW
from commands.backup import Backup
from commands.backups import Backups
from commands.cancel import Cancel
from commands.command import Command, Order
from commands.connections import connections
from commands.disk import disk
from commands.drill import Drill
from commands.fence import Fence
from commands.help import Help
from commands.lag import lag
from commands.maintenance import InMaintenance
from commands.note import Note
from commands.operations import Operations
from commands.promote import Promote
from commands.queries import QueriesView
from commands.rejoin import Rejoin
from commands.reload import Reload
from commands.replication import Replication
from commands.restart import Restart
from commands.restore import Restore
from commands.restore_keep import RestoreKeep
from commands.sentinel import Sentinel
from commands.service import Service
from commands.silencing.adding import AddSilence
from commands.silencing.ending import EndSilence
from commands.silencing.listing import Silences
from commands.standby import Standby
from commands.status import Status
from commands.timeline.command import ShowTimeline

_COMMANDS: tuple[Command, ...] = (
    Status(),
    lag(),
    disk(),
    connections(),
    QueriesView(),
    Promote(),
    Rejoin(),
    Fence(),
    Standby(),
    Restart(),
    Reload(),
    Service(),
    Sentinel(),
    Replication(),
    Archive(),
    Backups(),
    Backup(),
    Restore(),
    Drill(),
    RestoreKeep(),
    InMaintenance(),
    Cancel(),
    Operations(),
    Alerts(),
    Silences(),
    AddSilence(),
    EndSilence(),
    Note(),
    ShowTimeline(),
)

_AUDITED = (*_COMMANDS, Audit([command.name for command in _COMMANDS]))

_EXPLAINED = (*_AUDITED, Access(_AUDITED))

COMMANDS: tuple[Command, ...] = (*_EXPLAINED, Help(_EXPLAINED))

# The names of orders, for the settings' policies; and every right that can be given.
ORDERS: tuple[str, ...] = tuple(command.name for command in COMMANDS if isinstance(command, Order))
RIGHTS: tuple[str, ...] = tuple(dict.fromkeys((VIEW, ACKNOWLEDGE, *(command.right for command in COMMANDS))))
