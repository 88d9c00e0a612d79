"""SQL about a server's configuration and about who uses it, each as one JSON value, so that psql gives it too.

Sources: https://www.postgresql.org/docs/current/view-pg-file-settings.html, view-pg-hba-file-rules.html,
view-pg-settings.html, monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW, progress-reporting.html#BASEBACKUP-
PROGRESS-REPORTING. The first two are a superuser's alone unless granted.
"""

from typing import LiteralString

# A setting that needs a restart has an error in pg_file_settings, as has one with a wrong value. Reading that view
# marks the first kind as pending in this very session (src/backend/utils/misc/guc.c, set_config_with_handle), so
# whoever asks pg_settings behind it, row by row, can tell them apart. The digest is of every line that is read.
FILES: LiteralString = """
WITH f AS MATERIALIZED (
    SELECT sourcefile, sourceline, name, setting, applied, error FROM pg_file_settings
), told AS (
    SELECT f.sourcefile AS file, f.sourceline AS line, f.name, f.error, f.setting,
           CASE WHEN f.error IS NOT NULL THEN
               (SELECT s.pending_restart FROM pg_settings AS s WHERE lower(s.name) = lower(f.name)) END AS pending
    FROM f
), h AS MATERIALIZED (SELECT to_jsonb(r) AS rule FROM pg_hba_file_rules AS r)
SELECT json_build_object(
    'settings', (SELECT coalesce(json_agg(told), '[]') FROM told WHERE error IS NOT NULL),
    'hba', (SELECT coalesce(json_agg(json_build_object(
                'file', coalesce(rule ->> 'file_name', current_setting('hba_file')),
                'line', (rule ->> 'line_number')::int, 'error', rule ->> 'error')), '[]')
            FROM h WHERE rule ->> 'error' IS NOT NULL),
    'digest', encode(sha256(convert_to(
        (SELECT coalesce(string_agg(concat_ws('|', name, setting), E'\\n' ORDER BY sourcefile, sourceline), '') FROM f)
        || (SELECT coalesce(string_agg(rule::text, E'\\n' ORDER BY rule ->> 'line_number', rule::text), '') FROM h),
        'UTF8')), 'hex')
)::text AS answer
"""

# What a reload may change, and what it left for a restart.
SETTINGS: LiteralString = """
SELECT json_build_object(
    'loaded_at', extract(epoch FROM pg_conf_load_time()),
    'settings', (SELECT json_object_agg(name, setting) FROM pg_settings WHERE context <> 'internal'),
    'pending', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings WHERE pending_restart)
)::text AS answer
"""

RELOAD: LiteralString = "SELECT pg_reload_conf()"

# Who would be cut off by a restart. %s: seconds from which on a transaction is a long one.
IN_USE: LiteralString = """
SELECT json_build_object(
    'sessions', (SELECT count(*) FROM pg_stat_activity
                 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
    'long', (SELECT coalesce(json_agg(json_build_object(
                 'pid', pid, 'user', usename, 'application', application_name, 'state', state,
                 'seconds', extract(epoch FROM clock_timestamp() - xact_start)) ORDER BY xact_start), '[]')
             FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
               AND xact_start < clock_timestamp() - make_interval(secs => %s)),
    'base_backups', (SELECT count(*) FROM pg_stat_progress_basebackup),
    'prepared', (SELECT count(*) FROM pg_prepared_xacts),
    'replicas', (SELECT coalesce(json_agg(application_name ORDER BY application_name), '[]')
                 FROM pg_stat_replication WHERE state = 'streaming'),
    'synchronous', (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))
)::text AS answer
"""
