"""pg_controldata's output, as PostgreSQL 18 prints it; the lines that nobody reads are left out."""


def control_data_text(state: str = "in production") -> str:
    return f"""\
pg_control version number:            1800
Database system identifier:           7711578829883216209
Database cluster state:               {state}
pg_control last modified:             Tue 24 Nov 2026 03:44:23 AM UTC
Latest checkpoint location:           0/1700028
Latest checkpoint's REDO location:    0/16FFFD0
Latest checkpoint's REDO WAL file:    000000010000000000000001
Latest checkpoint's TimeLineID:       1
Latest checkpoint's PrevTimeLineID:   1
Minimum recovery ending location:     0/0
"""
