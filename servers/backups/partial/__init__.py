"""Partial backups: logical dumps of databases, and the files of services; a job on a host makes each."""
