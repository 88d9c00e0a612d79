"""A switchover as clients see it: Understudy beside the bare commands, a hand script and its peers, in one run."""
