"""The commented file that `understudy init` writes."""

from bot.rules_settings import EXAMPLE as RULES
from bot.runbooks_settings import EXAMPLE as RUNBOOKS
from bot.thresholds_settings import default_lines

_TEMPLATE = """\
# Understudy's settings. `understudy check` tries every line of it for real.
# Every key can come from the environment instead: UNDERSTUDY_ and the path joined by __, such as
# UNDERSTUDY_SLACK__BOT_TOKEN. Secrets belong there, or one a file into the directory that
# UNDERSTUDY_SECRETS_DIRECTORY names (a file called understudy_slack__bot_token).
# Durations are written "500ms", "2s", "15m", "26h", "7d". Relative paths start where this file lies.

[slack]
mode = "socket"                     # or "http": then Slack posts to /slack/events, and signing_secret is needed
# api_url = "https://slack.com/api/"
# bot_token (xoxb-...), app_token (xapp-..., socket mode), signing_secret: from the environment or secret files

[ledger]
path = "understudy.sqlite3"         # audit log, operations, alerts

# [ledger.offsite]                  # copies of it in S3 or the like, which `understudy recover` brings back
# bucket = "example-backups"
# prefix = "understudy/"
# region = "eu-central-1"
# endpoint_url = "https://s3.example.org"     # where it is not Amazon's
# every = "5m"                      # while it changes; and when the bot ends
# recipients = ["0123456789ABCDEF0123456789ABCDEF01234567"]  # public keys in the key ring of the bot's own user
# gpg_home = "/var/lib/understudy/.gnupg"
# passphrase_file = "/etc/understudy/passphrase"   # of the secret key, read by `understudy recover` alone

[history]                           # what every probe saw: 10 s for a day, 5 min for a month, 1 h for two years
# path = "understudy.history.sqlite3"     # beside the ledger; it need not be backed up
# limit = "1GB"                     # beyond it the finest and oldest values go

[audit]
# signing_key_file = "audit.key"    # `understudy audit key new audit.key`; without it the log is chained, not signed
# post_channel = "C000AUDIT"        # where the signed head of the log is posted daily
# post_at = "09:00"                 # UTC

# [audit.s3]                        # and written to S3 with Object Lock; docs/audit.md
# bucket = "example-audit"
# prefix = "understudy/"
# region = "eu-central-1"
# endpoint_url = "https://s3.example.org"     # where it is not Amazon's
# retain_days = 365
# mode = "COMPLIANCE"               # or "GOVERNANCE"

[http]
host = "127.0.0.1"                  # /healthz, /readyz and /metrics
port = 8377
# url = "https://understudy.example.org"   # how browsers reach it: cards lead to its /rules/NAME

[monitor]
fast_interval = "2s"                # SQL
slow_interval = "10s"               # SSH: disks, load, clock, control data
backup_interval = "60s"
sql_timeout = "1s"                  # for one answer; a server that hangs holds up nothing else
ssh_timeout = "1.5s"

[log]
level = "info"
format = "json"                     # or "console"

# People are recognised by Slack user id, never by a name. At a terminal the operating system's user counts.
[people.alice]
slack = "U000ALICE"
operating_system_user = "alice"

[people.bob]
slack = "U00000BOB"

[people.carol]
slack = "U000CAROL"

# A group may be a Slack user group (looked up when a button is pressed), a list of people, or both.
[groups.dba]
# slack = "S0000DBA"
people = ["alice", "bob", "carol"]

# Who may ask. Only "view" (status, help, alerts, audit) may be given to "everyone".
[rights]
view = ["everyone"]
acknowledge = ["dba"]               # an alert: acknowledge it, silence it alone
silence = ["dba"]                   # by matcher: /ha silences
promote = ["dba"]
rejoin = ["dba"]
fence = ["dba"]
standby = ["dba"]                   # add, rebuild, remove
restart = ["dba"]
reload = ["dba"]
service = ["dba"]
sentinel = ["dba"]                  # fail over a Redis master
replication = ["dba"]
archive = ["dba"]                   # set up the archive script of the backups
restore = ["dba"]
backup = ["dba"]                    # take one, or verify one
drill = ["dba"]                     # restore for practice; one that switches over needs promote, too
maintenance = ["dba"]

# Who must approve what was asked for. Whoever asks never approves.
[policies.promote]
approvers = ["dba"]
approvals = 1
risk_approvals = 2                  # when an old primary cannot be fenced
expires = "15m"
reason_required = true
# askers = ["dba"]                  # who may ask for it; without this: who holds the right
# channels = ["C0000OPS", "terminal"]   # where it may be asked for and approved; without this: anywhere
# break_glass = []                  # who may start it alone (/ha promote shop --break-glass); it shouts in the channel
# break_glass_risk = false          # even when an old primary cannot be fenced

# What differs for some clusters or hours; any of the keys above. All that match count, the last one first.
# [[policies.promote.when]]
# clusters = ["shop"]
# from = "22:00"
# to = "06:00"
# days = ["mon", "tue", "wed", "thu", "fri"]    # on which it begins
# time_zone = "Europe/Vienna"
# break_glass = ["dba"]

[policies.rejoin]
approvers = ["dba"]
risk_approvals = 2                  # when two servers run as primaries

[policies.fence]
approvers = ["dba"]

[policies.standby]
approvers = ["dba"]

[policies.restart]
approvers = ["dba"]

[policies.service]
approvers = ["dba"]

[policies.sentinel]
approvers = ["dba"]

[policies.reload]
approvers = ["dba"]
reason_required = false

[policies.archive]
approvers = ["dba"]

[policies.replication]
approvers = ["dba"]

[policies.restore]
approvers = ["dba"]
risk_approvals = 2                  # in place: what was written since that moment is taken away from clients

[policies.backup]
approvers = ["dba"]
reason_required = false

[policies.drill]
approvers = ["dba"]
reason_required = false

# Where alerts go and whom they call; the first that matches decides. Without any: the cluster's channel, nobody is
# called. "call" is the order of escalation: the next one is called while nobody takes it up.
# [[routes]]
# name = "critical"
# severities = ["critical"]
# channel = "C0000ALERT"            # without this: the cluster's own
# call = ["dba", "alice"]
#
# [[routes]]
# name = "night"                    # what is critical is never held back
# clusters = ["test-*"]
# from = "22:00"
# to = "06:00"
# days = ["mon", "tue", "wed", "thu", "fri"]
# time_zone = "Europe/Vienna"
# hold = true                       # said only when the hours are over, if it still fires then

# /ha timeline: whether what people said in the threads of alerts and operations goes into it. docs/incidents.md
# [timeline]
# thread_messages = true

@RULES@
# Who is on call, for routes to call by that name: people who take turns, or a schedule kept elsewhere, whose people are
# found by [people.NAME] email. docs/on-call.md
# [on_call.primary]
# kind = "rota"
# people = ["alice", "bob"]
# start = 2026-01-05                # the first day of the first one
# days = 7
# handover = "09:00"
# time_zone = "Europe/Vienna"
#
# [on_call.secondary]
# kind = "pagerduty"                # or "opsgenie"; "grafana" (Grafana OnCall), with its url
# schedule = "PABC123"
# fallback = ["dba"]                # called where the schedule names nobody, or does not answer
# the token: UNDERSTUDY_ON_CALL__SECONDARY__TOKEN

# Services that are told of alerts as well, so that somebody's telephone rings.
# [paging.pager]
# kind = "pagerduty"                # or "opsgenie", "grafana"
# severities = ["critical"]
# PagerDuty's routing key, Opsgenie's API key, or the URL of Grafana's webhook: UNDERSTUDY_PAGING__PAGER__KEY

# Who watches the watcher. UNDERSTUDY_WATCHDOG__PING_URL is pinged while everything works: a dead man's switch elsewhere
# calls people when the pings end. docs/watchdog.md
# [watchdog]
# channel = "C0000OPS"              # what is wrong with Understudy itself; without it: the first cluster's channel
# all_is_well_at = "08:00"          # UTC, said once a day there; or "never"
# ping_every = "1m"

# Alertmanager may send its alerts to /alertmanager; UNDERSTUDY_WEBHOOK__TOKEN is its bearer token; the
# same token is for POST /notes. docs/watchdog.md, docs/incidents.md
# [webhook]
# channel = "C0000OPS"              # for alerts whose label "cluster" names none of yours
# cluster_label = "cluster"
# critical = ["critical", "page", "emergency"]   # values of the label "severity"; others are warnings
# ignored = ["none", "info"]

# Every rule's threshold, and how long it must hold ("for"). The defaults are written here.
[thresholds]
@THRESHOLDS@

# A primary with its standby. Which is which is seen, not set.
[clusters.shop]
channel = "C0000OPS"                # where its alerts and approvals go; invite the bot there
unencrypted_replication = false     # true: no alert where the standby streams without TLS (over a VPN, say)
fence_returning_primary = false     # true: an old primary that takes writes again after a failover is fenced at once

# Fails over without a person; docs/automatic-failover.md says when, and when not. These are the defaults.
[clusters.shop.automatic_failover]
enabled = false
after = "30s"                       # all viewpoints must agree for so long that the primary is down
countdown = "30s"                   # people have so long to press Stop
loss_limit = "1MiB"                 # of WAL that the standby has not received
unknown_loss = "refuse"             # or "accept"
cooldown = "1h"                     # between two failovers

# Hours in which nothing automatic acts, alerts are marked and nobody is reminded of them; once: /ha maintenance.
# [[clusters.shop.maintenance]]
# from = "02:00"
# to = "03:00"
# days = ["sun"]
# time_zone = "Europe/Vienna"
# reason = "the weekly reorganisation"

# Backups and drills by themselves, in UTC; docs/backups.md says when they wait, and when they are left out.
# [clusters.shop.schedule]
# backup = "daily 02:00"            # or "weekly sun 02:00", "monthly 1 02:00", cron's five fields
# backup_diff = "daily 14:00"       # with pgbackrest and barman; and backup_incr
# drill_restore = "weekly sun 04:00"
# drill_full = "0 4 1 jan,apr,jul,oct *"    # switches over and back as well: clients notice; docs/drills.md
# dumps = { nightly = "daily 01:00" }       # by their names below
# volumes = { uploads = "daily 01:30" }
# set_by = "alice"                  # who answers for it: a key of people
# late_by = "6h"                    # a missed one is still started when it is less late than this

# What you promised; drills are measured against it, and alerts go by it. These are the defaults.
# [clusters.shop.objectives]
# rto = "1h"                        # how long a restore may take
# rpo = "15m"                       # how much may be lost with the primary and its disks
# outage = "1m"                     # how long clients may wait for a switchover

# A row of our own, written every few seconds: it tells the true RPO, and carries the probe of a failover drill.
# docs/drills.md has the right that it needs.
# [clusters.shop.heartbeat]
# database = "app"
# every = "5s"

# [clusters.shop.drills]
# random_every = 4                  # of the scheduled restore drills one in four takes an older backup at random
# probe = "host=10.0.0.30 port=6432 dbname=app user=understudy"   # as clients come; docs/drills.md
# [clusters.shop.drills.rows]       # tables that must have so many rows once they are restored
# "app.public.orders" = 1000        # at least; [1000, 5000]: at least, and at most

# [clusters.shop.thresholds]        # what differs for this cluster alone
# replay_lag_bytes = "16MiB"

[clusters.shop.servers.db1]
conninfo = "host=10.0.0.11 port=5432 dbname=postgres user=understudy sslmode=prefer"
# password_file = "secrets/db1"     # or UNDERSTUDY_CLUSTERS__SHOP__SERVERS__DB1__PASSWORD, or passfile= in conninfo
replication = "host=10.0.0.11 port=5432 user=replicator passfile=/var/lib/postgresql/.pgpass"
slot = "db1"                        # the physical slot that db1 streams from while it is the standby
disks = ["/"]                       # watched besides the data directory

[clusters.shop.servers.db1.ssh]
host = "10.0.0.11"
port = 22
user = "postgres"
key_file = "id_ed25519"
known_hosts = "known_hosts"         # ssh-keyscan -H 10.0.0.11 >> known_hosts, after comparing the fingerprint

[clusters.shop.servers.db1.service]
kind = "systemd"                    # or pg_ctl; pg_ctlcluster (version, name); docker (container)
unit = "postgresql@17-main"
sudo = true
data_directory = "/var/lib/postgresql/17/main"
bin_directory = "/usr/lib/postgresql/17/bin"

# How db1 is cut off when its host does not answer by SSH: a command beside the bot, or EC2's stop-instances.
# It gets UNDERSTUDY_CLUSTER, UNDERSTUDY_SERVER and UNDERSTUDY_HOST. Whoever approves a failover reads the command: no
# secrets in it. Without confirm nothing proves that it is off: every failover then asks for risk_approvals.
# [clusters.shop.servers.db1.fence]
# kind = "command"
# command = ["/usr/local/sbin/power-off", "db1"]
# confirm = ["/usr/local/sbin/is-powered-off", "db1"]   # 0: off, 1: not off
# timeout = "30s"
# or: kind = "ec2", instance = "i-0123456789abcdef0", region = "eu-central-1", timeout = "2m"; endpoint_url where AWS's
# own is not the one

[clusters.shop.servers.db2]
conninfo = "host=10.0.0.12 port=5432 dbname=postgres user=understudy sslmode=prefer"
replication = "host=10.0.0.12 port=5432 user=replicator passfile=/var/lib/postgresql/.pgpass"
slot = "db2"
disks = ["/"]

[clusters.shop.servers.db2.ssh]
host = "10.0.0.12"
user = "postgres"
key_file = "id_ed25519"
known_hosts = "known_hosts"

[clusters.shop.servers.db2.service]
kind = "systemd"
unit = "postgresql@17-main"
sudo = true
data_directory = "/var/lib/postgresql/17/main"
bin_directory = "/usr/lib/postgresql/17/bin"

# A service beside PostgreSQL that /ha service restart may restart; on a server's host, or on one with an ssh section.
# [clusters.shop.services.pgbouncer]
# kind = "systemd"                  # or "compose": then directory and service
# unit = "pgbouncer"
# server = "db1"
# sudo = true
# port = 6432                       # healthy when it takes connections, and url = "http://..." answers 2xx
# ready_within = "60s"

[clusters.shop.backups]
kind = "native"                     # one directory a base backup, each with its backup_manifest; docs/backups.md
directory = "/var/backups/postgresql"
archive_directory = "/var/backups/wal"
# archive_script = "/usr/local/bin/understudy-archive"   # where /ha archive setup puts it on the servers
# server = "db2"                    # where these directories are; without it each server is asked
# [clusters.shop.backups.keep]      # without it everything is kept
# full = 7                          # the newest full backups, whatever their age
# age = "14d"                       # and all that are younger
# [clusters.shop.backups.encryption]
# recipients = ["0123456789ABCDEF0123456789ABCDEF01234567"]   # fingerprints; the keys are in the hosts' key ring
# gpg_home = "/var/lib/postgresql/.gnupg"
# passphrase_file = "/etc/understudy/passphrase"   # on the hosts that restore, where the secret key has one
# [clusters.shop.backups.offsite]   # backups and WAL go there as well; credentials come from where boto3 finds them
# bucket = "example-backups"
# prefix = "understudy/"
# region = "eu-central-1"
# endpoint_url = "https://s3.eu-central-003.backblazeb2.com"   # where it is not Amazon's
# bandwidth = "10MiB"               # a second
# unencrypted = false               # true: without encryption too

# Databases dumped by themselves with pg_dump, into a directory of PostgreSQL's user; docs/dumps.md.
# [clusters.shop.dumps.nightly]
# databases = ["shop"]              # without it, every one
# directory = "/var/backups/dumps"
# server = "db2"                    # without it, a standby that does not lag takes and keeps it
# max_age = "26h"                   # when the last one is older, there is an alert
# [clusters.shop.dumps.nightly.keep]   # without it every one is kept; volumes have it as well
# newest = 7                        # whatever their age, and with age = "14d" all that are younger
# [clusters.shop.dumps.nightly.encryption]
# recipients = ["0123456789ABCDEF0123456789ABCDEF01234567"]

# The files of a service: directories, or volumes of Docker; its encryption is like that of a dump.
# [clusters.shop.volumes.uploads]
# directories = ["/srv/shop/uploads"]
# docker_volumes = ["shop_media"]
# directory = "/var/backups/uploads"
# server = "db1"                    # the host, if it is not that of the service
# service = "shop"                  # of the services above: stopped while its files are restored
# max_age = "26h"

# pgBackRest takes the backups instead: see docs/backups.md. It runs on the host of the server that is copied from,
# or on that of "server", or on a repository host that has an ssh section here.
# [clusters.shop.backups]
# kind = "pgbackrest"
# stanza = "shop"
# configuration = "/etc/pgbackrest/pgbackrest.conf"      # without it, where pgBackRest looks by itself
# server = "db2"

# Or Barman, which runs on the host of "server", or on one of its own.
# [clusters.shop.backups]
# kind = "barman"
# name = "shop"                     # as Barman calls the cluster
# configuration = "/etc/barman.conf"
# to_servers = { db1 = "ssh -q postgres@10.0.0.11", db2 = "ssh -q postgres@10.0.0.12" }     # from Barman's host
# to_barman = "ssh -q barman@10.0.0.30"                                                     # from the servers' hosts
# [clusters.shop.backups.ssh]
# host = "10.0.0.30"
# user = "barman"
# key_file = "id_ed25519"
# known_hosts = "known_hosts"

# Patroni runs this cluster: Understudy asks it, and does nothing behind its back. See docs/patroni.md. A member is
# called like its server.
# [clusters.shop.patroni]
# members = { db1 = "https://10.0.0.11:8008", db2 = "https://10.0.0.12:8008" }
# ca_file = "patroni-ca.pem"
# certificate = "understudy.pem"    # the client's, with its key, where Patroni asks for one
# key = "understudy-key.pem"
# user = "understudy"
# password = "..."                  # better UNDERSTUDY_CLUSTERS__SHOP__PATRONI__PASSWORD, or a secret file

# A host elsewhere that has a view of its own: it tries to reach the servers (pg_isready, else bash). It needs nothing.
# [clusters.shop.witness.ssh]
# host = "10.0.0.20"
# user = "understudy"
# key_file = "id_ed25519"
# known_hosts = "known_hosts"

# Ports beside PostgreSQL's that must be open between the servers, tried by the servers: see docs/watching-hosts.md.
# [[clusters.shop.ports]]
# port = 8080
# for = "the application's health check"
# from = ["db1"]                    # without it, every server
# to = ["db2"]                      # without it, every other one
# host = "10.0.0.30"                # or somewhere else, in place of to

# Services beside PostgreSQL that are watched: see docs/watching-services.md, which has every kind and key.
# [clusters.shop.watch.web]
# kind = "http"
# url = "https://app.example.org/health"
# status = 200
# body = "ok"                       # must stand in the answer
# slow_after = "1s"                 # without it, the threshold service_latency
# allow = []                        # hosts inside to which a redirect may lead
# critical = true                   # false: it only warns
# token: UNDERSTUDY_CLUSTERS__SHOP__WATCH__WEB__TOKEN, sent as bearer
#
# [clusters.shop.watch.cache]
# kind = "tcp"
# host = "10.0.0.30"
# port = 6379
# server = "db1"                    # it runs on that server's host: told with it when the host is down
#
# [clusters.shop.watch.name]
# kind = "dns"
# host = "db.example.org"
# to = "primary"                    # or addresses: ["10.0.0.11"]
#
# [clusters.shop.watch.checks]
# kind = "route53"
# checks = { web = "abcdef11-2222-3333-4444-555555fedcba" }
# region = "us-east-1"
#
# [clusters.shop.watch.containers]
# kind = "docker"
# server = "db1"                    # or an ssh table
# containers = ["web", "worker"]
# sudo = false
#
# [clusters.shop.watch.redis]
# kind = "redis"                    # or "sentinel", with port 26379 and masters = ["main"]
# host = "10.0.0.30"
# role = "master"                   # or "replica"; without it, any
# replicas = 1                      # so many must be online
# password: UNDERSTUDY_CLUSTERS__SHOP__WATCH__REDIS__PASSWORD
#
# [clusters.shop.watch.coolify]
# kind = "coolify"
# url = "https://coolify.example.org"

# What leads clients to the primary, so that they follow it: see docs/traffic.md. Of a PgBouncer, the file that has the
# databases' entries is changed over SSH, and PAUSE, RELOAD and RESUME are said on its admin console.
# [clusters.shop.traffic.pool]
# kind = "pgbouncer"
# admin = "host=10.0.0.30 port=6432 user=understudy"
# admin_password = "..."            # better UNDERSTUDY_CLUSTERS__SHOP__TRAFFIC__POOL__ADMIN_PASSWORD, or a secret file
# file = "/etc/pgbouncer/pgbouncer.ini"
# databases = ["app"]
# hold = "5s"                       # how long clients' transactions may take to end; after that they are let go on
# addresses = { db1 = "10.0.0.11:5432", db2 = "10.0.0.12:5432" }     # as it reaches the servers
# landing = "host=10.0.0.30 port=6432 dbname=app user=understudy"    # a connection that proves where clients land
# landing_password = "..."
# [clusters.shop.traffic.pool.ssh]
# host = "10.0.0.30"
# user = "postgres"
# key_file = "id_ed25519"
# known_hosts = "known_hosts"
#
# Of an HAProxy, the servers are made ready or put into maintenance by its runtime API; it needs an ssh table like the
# one above.
# [clusters.shop.traffic.proxy]
# kind = "haproxy"
# socket = "/run/haproxy/admin.sock"
# backend = "postgresql"
# servers = { db1 = "first", db2 = "second" }     # the names that the backend has for them
# parking = "parking"               # a server there at which nobody listens: clients wait at it (docs/traffic.md)
#
# Of a name in Route 53, the value is changed, or with weighted = { db1 = "…", db2 = "…" }, by their set identifiers,
# the weights. Credentials come from where boto3 finds them.
# [clusters.shop.traffic.name]
# kind = "route53"
# zone = "Z0123456789ABCDEFGHIJ"
# record = "shop.db.example.com"
# type = "CNAME"                    # or "A", "AAAA"
# values = { db1 = "db1.example.com", db2 = "db2.example.com" }
# set_identifier = "..."            # which one, if several records have that name
# region = "eu-central-1"
# endpoint_url = "..."
#
# Anything else is led by commands of yours, as argument lists: here, or with an ssh table like the one above on that
# host.
# [clusters.shop.traffic.site]
# kind = "command"
# redirect = ["/usr/local/bin/lead-clients"]
# look = ["/usr/local/bin/lead-clients", "--where"]      # prints the server's name
# verify = ["/usr/local/bin/lead-clients", "--check"]
# undo = ["/usr/local/bin/lead-clients", "--back"]       # without it, redirect is told to lead back
# hold = ["/usr/local/bin/lead-clients", "--hold"]       # with release, or neither
# release = ["/usr/local/bin/lead-clients", "--release"]
# hold_timeout = "10s"
# redirect_timeout = "60s"
"""


def template() -> str:
    """The file's text, with every threshold's default in it."""
    return _TEMPLATE.replace("@THRESHOLDS@", default_lines()).replace("@RULES@", f"{RULES}\n{RUNBOOKS}")
