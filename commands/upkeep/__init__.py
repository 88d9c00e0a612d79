"""Restart and reload of a server: looked at, planned, done, and looked at again."""
