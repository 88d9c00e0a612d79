"""Backup and restore to a moment: Understudy through each tool beside that tool's own commands, in one run."""
