"""Partial backups: logical dumps of databases, and the files of services; each a directory that a job makes on a host."""
