"""`/ha timeline`: what happened when, from the audit log alone."""
