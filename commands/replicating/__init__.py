"""Preparing a primary so that a standby may stream from it."""
