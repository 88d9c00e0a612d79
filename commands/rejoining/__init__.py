"""Bringing servers back as standbys: by a plain start, by pg_rewind, or by a new copy."""
