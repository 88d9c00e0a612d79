"""Promotion: a switchover while the primary is healthy, a failover when it is not."""
