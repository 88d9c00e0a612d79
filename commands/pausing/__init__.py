"""Maintenance of a cluster that Patroni runs pauses Patroni, and its end resumes it: decided purely, done with records.

A wish in the ledger comes first, and whoever finds it carries it out: the one who asked at once, else the next look.
"""
