"""Restores to a moment: beside, in place, or of named tables."""
