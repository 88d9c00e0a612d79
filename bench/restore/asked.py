"""The first query at the target, and what it must answer: the one mark is there, the other is not."""

BEFORE, AFTER = "before the target", "after the target"
FIRST_QUERY = "SELECT string_agg(name, ',') FROM mark"
