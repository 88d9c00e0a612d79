"""Partial backups: dumps of databases and the files of services, taken, verified, shown, and put back."""
