"""Drills: restoring for practice, proving what came back, and measuring how long it took and what would be lost."""
